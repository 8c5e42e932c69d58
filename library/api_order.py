"""The API of what stands around media: tags, saved searches, references. Not for media: see api."""

from __future__ import annotations

import uuid
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from library import references, searches, tags
from library.models import Reference, SavedSearch, Tag
from library.order_serializers import (
    SavedSearchRequest,
    SavedSearchSerializer,
    TagChange,
    TagSerializer,
)
from library.serializers import ReferenceSerializer, ReferenceUpload
from ourvidz.api import ViewSet


class Tags(ViewSet):
    """Words given to media. A new one is made by giving it: see `PATCH /media/{id}`."""

    serializer_class = TagSerializer
    queryset = Tag.objects.none()
    keyset = ("name", "id")

    def get_queryset(self) -> Any:
        return Tag.objects.for_user(self.request.user)

    @extend_schema(operation_id="list_tags", summary="My tags")
    def list(self, request: Request) -> Response:
        """Your tags, by name. What has one: `/api/v1/media?tag=…`."""
        return self.page_of(self.get_queryset())

    @extend_schema(operation_id="tag", summary="One tag")
    def retrieve(self, request: Request, id: uuid.UUID) -> Response:
        """One tag."""
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(operation_id="rename_tag", summary="Rename it", request=TagChange)
    def partial_update(self, request: Request, id: uuid.UUID) -> Response:
        """Give a tag another name, on all that has it."""
        wanted = TagChange(data=request.data)
        wanted.is_valid(raise_exception=True)
        tag = tags.rename_tag(user=request.user, tag_id=id, **wanted.validated_data)
        return Response(self.get_serializer(tag).data)

    @extend_schema(operation_id="delete_tag", summary="Remove it", responses={204: None})
    def destroy(self, request: Request, id: uuid.UUID) -> Response:
        """Take a tag off all that has it. The media stay."""
        tags.delete_tag(user=request.user, tag_id=id)
        return Response(status=204)


class SavedSearches(ViewSet):
    """Searches that are kept under a name."""

    serializer_class = SavedSearchSerializer
    queryset = SavedSearch.objects.none()
    keyset = ("name", "id")

    def get_queryset(self) -> Any:
        return SavedSearch.objects.for_user(self.request.user)

    @extend_schema(operation_id="list_searches", summary="My saved searches")
    def list(self, request: Request) -> Response:
        """Your saved searches, by name."""
        return self.page_of(self.get_queryset())

    @extend_schema(
        operation_id="save_search",
        summary="Save a search",
        request=SavedSearchRequest,
        responses={201: SavedSearchSerializer},
    )
    def create(self, request: Request) -> Response:
        """Keep a search under a name; one of the same name is replaced."""
        wanted = SavedSearchRequest(data=request.data)
        wanted.is_valid(raise_exception=True)
        saved = searches.save_search(user=request.user, **wanted.validated_data)
        return Response(self.get_serializer(saved).data, status=201)

    @extend_schema(operation_id="search", summary="One saved search")
    def retrieve(self, request: Request, id: uuid.UUID) -> Response:
        """One saved search."""
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(operation_id="delete_search", summary="Forget it", responses={204: None})
    def destroy(self, request: Request, id: uuid.UUID) -> Response:
        """Forget a saved search. What it found stays."""
        searches.delete_search(user=request.user, search_id=id)
        return Response(status=204)


class References(ViewSet):
    """Pictures to start from."""

    serializer_class = ReferenceSerializer
    queryset = Reference.objects.none()
    parser_classes = [MultiPartParser]
    scopes = {"create": "upload"}

    def get_queryset(self) -> Any:
        return Reference.objects.for_user(self.request.user).filter(deleted_at=None)

    @extend_schema(operation_id="list_references", summary="My references")
    def list(self, request: Request) -> Response:
        """Pictures you uploaded, the newest first."""
        return self.page_of(self.get_queryset().shown())

    @extend_schema(
        operation_id="add_reference",
        summary="Upload a picture",
        request={"multipart/form-data": ReferenceUpload},
        responses={201: ReferenceSerializer},
    )
    def create(self, request: Request) -> Response:
        """Upload a PNG, JPEG or WebP. It is checked, and freed of what cameras write into it."""
        wanted = ReferenceUpload(data=request.data)
        wanted.is_valid(raise_exception=True)
        reference = references.add_reference(
            user=request.user,
            upload=wanted.validated_data["file"],
            name=wanted.validated_data.get("name", ""),
            purpose=wanted.validated_data["purpose"],
        )
        return Response(self.get_serializer(reference).data, status=201)

    @extend_schema(operation_id="reference", summary="One reference")
    def retrieve(self, request: Request, id: uuid.UUID) -> Response:
        """One uploaded picture."""
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(operation_id="delete_reference", summary="Delete it", responses={204: None})
    def destroy(self, request: Request, id: uuid.UUID) -> Response:
        """Delete an uploaded picture. Repeating it is no error."""
        references.delete_reference(user=request.user, reference_id=id)
        return Response(status=204)
