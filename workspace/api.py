"""The API of sessions and items, and of what a job made. Not for making things: see jobs; nor for
what was deleted: see bin_api.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.db import transaction
from django.shortcuts import get_object_or_404
from django_filters.rest_framework import ChoiceFilter, DjangoFilterBackend, FilterSet, UUIDFilter
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api import queued
from jobs.models import Job
from jobs.serializers import BatchSerializer
from library.models import Media
from library.serializers import MediaSerializer
from ourvidz.api import View, ViewSet
from workspace import services
from workspace.models import WorkspaceItem, WorkspaceSession
from workspace.serializers import (
    ClearedSerializer,
    ItemSerializer,
    RegenerateRequest,
    RestoredSerializer,
    ResultSerializer,
    SaveRequest,
    SessionChange,
    SessionRequest,
    SessionSerializer,
)


class Sessions(ViewSet):
    """Sessions of the workspace."""

    serializer_class = SessionSerializer
    queryset = WorkspaceSession.objects.none()
    keyset = ("-is_active", "-updated_at", "-id")

    def get_queryset(self) -> Any:
        return WorkspaceSession.objects.for_user(self.request.user).present()

    @extend_schema(operation_id="list_sessions", summary="My sessions")
    def list(self, request: Request) -> Response:
        """Your sessions, the active one first, then the last used."""
        return self.page_of(self.get_queryset())

    @extend_schema(
        operation_id="create_session",
        summary="A new session",
        request=SessionRequest,
        responses={201: SessionSerializer},
    )
    def create(self, request: Request) -> Response:
        """Make a session and switch to it."""
        return self._create(request)

    @extend_schema(
        operation_id="create_workspace_session",
        summary="A new session, by the function's name",
        request=SessionRequest,
        responses={201: SessionSerializer},
    )
    def create_workspace_session(self, request: Request) -> Response:
        """The same as `POST /api/v1/sessions`."""
        return self._create(request)

    @extend_schema(operation_id="session", summary="One session")
    def retrieve(self, request: Request, id: uuid.UUID) -> Response:
        """One session. Its items: `/api/v1/items?session=…`."""
        return self._answer()

    @extend_schema(operation_id="update_session", summary="Name it", request=SessionChange)
    @transaction.atomic
    def partial_update(self, request: Request, id: uuid.UUID) -> Response:
        """Give a session another name, or switch to it."""
        wanted = SessionChange(data=request.data)
        wanted.is_valid(raise_exception=True)
        name = wanted.validated_data.get("session_name")
        if name is not None:
            services.rename_session(user=request.user, session_id=id, session_name=name)
        if wanted.validated_data.get("is_active"):
            services.activate_session(user=request.user, session_id=id)
        return self._answer()

    @extend_schema(operation_id="delete_session", summary="Delete it", responses={204: None})
    def destroy(self, request: Request, id: uuid.UUID) -> Response:
        """Delete a session with its items. Saved media stay in the library."""
        services.delete_session(user=request.user, session_id=id)
        return Response(status=204)

    @extend_schema(
        operation_id="clear_workspace_session",
        summary="Empty a session",
        request=None,
        responses={200: ClearedSerializer},
    )
    def clear_workspace_session(self, request: Request, id: uuid.UUID) -> Response:
        """Cancel what waits or runs, and put the items into the bin. Saved media stay."""
        cleared = services.clear_workspace_session(user=request.user, session_id=id)
        return Response({"cleared": cleared})

    @extend_schema(
        operation_id="restore_session",
        summary="Take the clearing back",
        request=None,
        responses={200: RestoredSerializer},
    )
    def restore(self, request: Request, id: uuid.UUID) -> Response:
        """Bring back the items that the latest clearing took."""
        return Response({"restored": services.restore_session(user=request.user, session_id=id)})

    def _create(self, request: Request) -> Response:
        wanted = SessionRequest(data=request.data)
        wanted.is_valid(raise_exception=True)
        session = services.create_workspace_session(user=request.user, **wanted.validated_data)
        session.refresh_from_db()
        return Response(self.get_serializer(session).data, status=201)

    def _answer(self) -> Response:
        return Response(self.get_serializer(self.get_object()).data)


class ItemFilter(FilterSet):
    session = UUIDFilter(field_name="session_id")
    status = ChoiceFilter(choices=WorkspaceItem.Status.choices)
    batch_id = UUIDFilter()


class Items(ViewSet):
    """Items of the workspace."""

    serializer_class = ItemSerializer
    queryset = WorkspaceItem.objects.none()
    filter_backends = [DjangoFilterBackend]
    filterset_class = ItemFilter
    scopes = {"regenerate": "generate"}

    def get_queryset(self) -> Any:
        user = self.request.user
        # Not a join: the planner would read all items and sort them, not walk their index.
        deleted = WorkspaceSession.objects.for_user(user).exclude(deleted_at=None)
        mine = WorkspaceItem.objects.for_user(user).present().exclude(session__in=deleted)
        return mine.select_related("job")

    @extend_schema(operation_id="list_items", summary="My items")
    def list(self, request: Request) -> Response:
        """Items, the newest first: of one session, or of all."""
        return self.page_of(self.get_queryset())

    @extend_schema(operation_id="item", summary="One item")
    def retrieve(self, request: Request, id: uuid.UUID) -> Response:
        """One item."""
        return self._answer()

    @extend_schema(operation_id="delete_item", summary="Delete it", responses={204: None})
    def destroy(self, request: Request, id: uuid.UUID) -> Response:
        """Delete an item. One that is being made is canceled; saved media stay."""
        services.delete_item(user=request.user, item_id=id)
        return Response(status=204)

    @extend_schema(operation_id="restore_item", summary="Take the deletion back", request=None)
    def restore(self, request: Request, id: uuid.UUID) -> Response:
        """Bring back an item that was deleted."""
        services.restore_item(user=request.user, item_id=id)
        return self._answer()

    @extend_schema(
        operation_id="save_workspace_item_to_library",
        summary="Keep it",
        request=SaveRequest,
        responses={200: MediaSerializer},
    )
    def save_workspace_item_to_library(self, request: Request, id: uuid.UUID) -> Response:
        """Move an item's file and settings to the library. Repeating it changes nothing."""
        wanted = SaveRequest(data=request.data)
        wanted.is_valid(raise_exception=True)
        media = services.save_workspace_item_to_library(
            user=request.user, item_id=id, project_id=wanted.validated_data["project_id"]
        )
        media.refresh_from_db()
        return Response(MediaSerializer(media, context=self.get_serializer_context()).data)

    @extend_schema(operation_id="unsave_item", summary="Take the saving back", request=None)
    def unsave(self, request: Request, id: uuid.UUID) -> Response:
        """Move an item's file back from the library. Its media are gone, with their tags and their
        star. One that is not saved stays as it is.
        """
        services.unsave_items(user=request.user, item_ids=[id])
        return self._answer()

    @extend_schema(
        operation_id="regenerate_item",
        summary="Make it again",
        request=RegenerateRequest,
        responses={202: BatchSerializer},
    )
    def regenerate(self, request: Request, id: uuid.UUID) -> Response:
        """Make another one with the same settings, by a new seed or by its own."""
        wanted = RegenerateRequest(data=request.data)
        wanted.is_valid(raise_exception=True)
        jobs = services.regenerate_item(
            user=request.user, item_id=id, keep_seed=wanted.validated_data["keep_seed"]
        )
        return queued(request, jobs)

    def _answer(self) -> Response:
        return Response(self.get_serializer(self.get_object()).data)


class MediaAgain(View):
    """Making something of the library again. Here, since the library knows no jobs."""

    scopes = {"post": "generate"}
    action = "post"

    @extend_schema(
        operation_id="regenerate_media",
        summary="Make it again",
        tags=["media"],
        request=RegenerateRequest,
        responses={202: BatchSerializer},
    )
    def post(self, request: Request, id: uuid.UUID) -> Response:
        """Make another one with the same settings in the active session, by a new seed or by its
        own. The library remembers what it was made from.
        """
        wanted = RegenerateRequest(data=request.data)
        wanted.is_valid(raise_exception=True)
        jobs = services.regenerate_media(
            user=request.user, media_id=id, keep_seed=wanted.validated_data["keep_seed"]
        )
        return queued(request, jobs)


class JobResult(View):
    """What a job made, wherever it went. Here, since jobs know no destination."""

    @extend_schema(
        operation_id="job_result",
        summary="What a job made",
        tags=["jobs"],
        responses=ResultSerializer,
    )
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """The item and the media of a job, as far as there are any."""
        job = get_object_or_404(Job.objects.for_user(request.user), pk=id)
        mine = WorkspaceItem.objects.for_user(request.user).present().select_related("job")
        result = {
            "status": job.status,
            "item": mine.filter(job_id=id).first(),
            "media": Media.objects.for_user(request.user).kept().filter(job_id=id).first(),
        }
        return Response(ResultSerializer(result, context={"request": request}).data)
