"""The API of the workspace's bin: what lies there, and its ways out. Not for deleting: see api."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ourvidz.api import ViewSet
from workspace import services
from workspace.models import WorkspaceItem
from workspace.serializers import ItemSerializer, RestoredSerializer, RestoreRequest


class Bin(ViewSet):
    """Items that were deleted or cleared, and can still come back."""

    serializer_class = ItemSerializer
    queryset = WorkspaceItem.objects.none()
    keyset = ("-deleted_at", "-id")

    def get_queryset(self) -> Any:
        return services.in_bin(self.request.user).select_related("job")

    @extend_schema(operation_id="list_item_bin", summary="My deleted items", tags=["items"])
    def list(self, request: Request) -> Response:
        """Items in the workspace's bin, those deleted last first. It keeps them for 30 days."""
        return self.page_of(self.get_queryset())

    @extend_schema(
        operation_id="empty_item_bin",
        summary="Empty the items' bin",
        tags=["items"],
        responses={204: None},
    )
    def empty(self, request: Request) -> Response:
        """Remove for good all that is in the bin, files too. Saved media keep theirs."""
        services.empty_bin(user=request.user)
        return Response(status=204)

    @extend_schema(
        operation_id="remove_item",
        summary="Remove it for good",
        tags=["items"],
        responses={204: None},
    )
    def destroy(self, request: Request, id: uuid.UUID) -> Response:
        """Remove one item of the bin for good, its file too."""
        if not services.empty_bin(user=request.user, item_ids=[id]):
            raise Http404
        return Response(status=204)

    @extend_schema(
        operation_id="restore_items",
        summary="Bring items back",
        tags=["items"],
        request=RestoreRequest,
        responses={200: RestoredSerializer},
    )
    def restore(self, request: Request) -> Response:
        """Bring back the items that are named, or all of the bin, with their sessions. All or
        none.
        """
        wanted = RestoreRequest(data=request.data)
        wanted.is_valid(raise_exception=True)
        ids = wanted.validated_data.get("items")
        if ids is None:
            ids = list(services.in_bin(request.user).values_list("pk", flat=True))
        restored = services.restore_items(user=request.user, item_ids=ids)
        return Response({"restored": restored})
