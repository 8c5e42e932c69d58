"""The API of what is kept: media, projects, references. Not for files: their urls do that."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import transaction
from django_filters.rest_framework import (
    BooleanFilter,
    CharFilter,
    ChoiceFilter,
    DjangoFilterBackend,
    FilterSet,
    UUIDFilter,
)
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from library import references, services
from library.models import Media, MediaQuerySet, Project, Reference
from library.serializers import (
    MediaChange,
    MediaSerializer,
    ProjectChange,
    ProjectRequest,
    ProjectSerializer,
    ReferenceSerializer,
    ReferenceUpload,
)
from ourvidz.api import ViewSet


class MediaFilter(FilterSet):
    q = CharFilter(
        method="with_words", max_length=200, help_text="Words of the prompt, all of them."
    )
    content_type = ChoiceFilter(choices=Media.Kind.choices)
    project = UUIDFilter(field_name="project_id")
    starred = BooleanFilter(method="with_star")

    def with_words(self, found: MediaQuerySet, name: str, value: str) -> MediaQuerySet:
        return found.matching(value)

    def with_star(self, found: MediaQuerySet, name: str, value: bool) -> MediaQuerySet:
        return found.filter(starred_at__isnull=not value)


class MediaViews(ViewSet):
    """Pictures and videos of the library."""

    serializer_class = MediaSerializer
    queryset = Media.objects.none()
    filter_backends = [DjangoFilterBackend]
    filterset_class = MediaFilter

    def get_queryset(self) -> Any:
        return Media.objects.for_user(self.request.user)

    def get_keyset(self) -> tuple[str, ...]:
        return ("-deleted_at", "-id") if self.action == "bin" else self.keyset

    @extend_schema(operation_id="list_media", summary="My library")
    def list(self, request: Request) -> Response:
        """What you keep, the newest first."""
        return self.page_of(self.get_queryset().kept())

    @extend_schema(operation_id="list_bin", summary="My bin", responses=MediaSerializer(many=True))
    def bin(self, request: Request) -> Response:
        """What you deleted from the library and can still restore, the latest first."""
        return self.page_of(self.get_queryset().exclude(deleted_at=None))

    @extend_schema(operation_id="media", summary="One picture or video")
    def retrieve(self, request: Request, id: uuid.UUID) -> Response:
        """One picture or video, in the bin or not."""
        return self._answer(self.get_object())

    @extend_schema(operation_id="update_media", summary="Title, project, star", request=MediaChange)
    @transaction.atomic
    def partial_update(self, request: Request, id: uuid.UUID) -> Response:
        """Give it a title or a star, or put it into a project. All of it or nothing."""
        wanted = MediaChange(data=request.data)
        wanted.is_valid(raise_exception=True)
        _change(request.user, id, wanted.validated_data)
        return self._answer(self.get_object())

    @extend_schema(operation_id="delete_media", summary="Into the bin", responses={204: None})
    def destroy(self, request: Request, id: uuid.UUID) -> Response:
        """Put it into the bin."""
        services.delete_media(user=request.user, media_ids=[id])
        return Response(status=204)

    @extend_schema(operation_id="restore_media", summary="Out of the bin", request=None)
    def restore(self, request: Request, id: uuid.UUID) -> Response:
        """Take it out of the bin. One that is not there stays as it is."""
        services.restore_media(user=request.user, media_ids=[id])
        return self._answer(self.get_object())

    def _answer(self, media: Media) -> Response:
        return Response(self.get_serializer(media).data)


def _change(user: Any, media_id: uuid.UUID, wanted: dict[str, Any]) -> None:
    if "title" in wanted:
        services.rename_media(user=user, media_id=media_id, title=wanted["title"])
    if "project_id" in wanted:
        services.move_media(user=user, media_ids=[media_id], project_id=wanted["project_id"])
    if "starred" in wanted:
        services.star_media(user=user, media_ids=[media_id], starred=wanted["starred"])


class Projects(ViewSet):
    """The library's shelves."""

    serializer_class = ProjectSerializer
    queryset = Project.objects.none()
    keyset = ("name", "id")

    def get_queryset(self) -> Any:
        return Project.objects.for_user(self.request.user)

    @extend_schema(operation_id="list_projects", summary="My projects")
    def list(self, request: Request) -> Response:
        """Your projects, by name."""
        return self.page_of(self.get_queryset())

    @extend_schema(
        operation_id="create_project",
        summary="A new project",
        request=ProjectRequest,
        responses={201: ProjectSerializer},
    )
    def create(self, request: Request) -> Response:
        """Make a project."""
        wanted = ProjectRequest(data=request.data)
        wanted.is_valid(raise_exception=True)
        project = services.create_project(user=request.user, **wanted.validated_data)
        return Response(self.get_serializer(project).data, status=201)

    @extend_schema(operation_id="project", summary="One project")
    def retrieve(self, request: Request, id: uuid.UUID) -> Response:
        """One project. Its media: `/api/v1/media?project=…`."""
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(operation_id="update_project", summary="Change it", request=ProjectChange)
    def partial_update(self, request: Request, id: uuid.UUID) -> Response:
        """Change its name, description or cover."""
        wanted = ProjectChange(data=request.data)
        wanted.is_valid(raise_exception=True)
        services.update_project(user=request.user, project_id=id, **wanted.validated_data)
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(operation_id="delete_project", summary="Delete it", responses={204: None})
    def destroy(self, request: Request, id: uuid.UUID) -> Response:
        """Delete a project. Its media stay in the library."""
        services.delete_project(user=request.user, project_id=id)
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
