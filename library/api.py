"""The API of what is kept: media and projects. Not for files: their urls do that; nor for tags,
saved searches and references: see api_order.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Prefetch, prefetch_related_objects
from django.http import Http404, HttpResponse
from django_filters.rest_framework import (
    BooleanFilter,
    CharFilter,
    ChoiceFilter,
    DateTimeFilter,
    DjangoFilterBackend,
    FilterSet,
    UUIDFilter,
)
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from library import bin, formats, search, services, tags, words
from library.listing import IN_THE_BIN, ORDERS, SIZES, SORTS
from library.models import Media, MediaQuerySet, MediaTag, Project
from library.serializers import (
    FamilySerializer,
    ManyMedia,
    MediaChange,
    MediaIds,
    MediaSerializer,
    ProjectChange,
    ProjectRequest,
    ProjectSerializer,
)
from ourvidz.api import ViewSet

CHILDREN = 100


def _in_utc(value: datetime) -> datetime:
    """The same moment without its offset: PostgreSQL knows none beyond 16 hours."""
    try:
        return value.astimezone(UTC)
    except OverflowError:
        return value.replace(tzinfo=UTC)


class MediaFilter(FilterSet):
    q = CharFilter(
        method="with_words",
        max_length=search.LIMIT,
        help_text=(
            'As in the page: words, "phrases", -without, `seed:`, `model:`, `tag:`, `project:`, '
            "`size:`, `after:`, `before:`, `on:`, `is:starred`, `is:video`, `has:reference`."
        ),
    )
    content_type = ChoiceFilter(choices=Media.Kind.choices)
    preset = CharFilter(field_name="model_type", max_length=64)
    project = UUIDFilter(field_name="project_id")
    tag = CharFilter(method="with_tag", max_length=tags.TAG_LENGTH)
    starred = BooleanFilter(method="with_star")
    has_reference = BooleanFilter(help_text="Whether it was made from a picture or a video.")
    size = ChoiceFilter(
        choices=[(name, name) for name in SIZES],
        method="with_size",
        help_text="By the number of pixels: up to 512 × 512, up to 1024 × 1024, more.",
    )
    created_after = DateTimeFilter(method="made_since")
    created_before = DateTimeFilter(method="made_before")
    sort = ChoiceFilter(choices=[(name, name) for name in SORTS], method="in_order")

    def made_since(self, found: MediaQuerySet, name: str, value: datetime) -> MediaQuerySet:
        return found.filter(created_at__gte=_in_utc(value))

    def made_before(self, found: MediaQuerySet, name: str, value: datetime) -> MediaQuerySet:
        return found.filter(created_at__lt=_in_utc(value))

    def with_words(self, found: MediaQuerySet, name: str, value: str) -> MediaQuerySet:
        wanted = search.read(self.request.user, value)
        self.request.said = wanted.said
        return wanted.apply(found)

    def with_tag(self, found: MediaQuerySet, name: str, value: str) -> MediaQuerySet:
        return found.filter(search.tagged(self.request.user, value))

    def with_size(self, found: MediaQuerySet, name: str, value: str) -> MediaQuerySet:
        return found.alias(pixels=F("width") * F("height")).filter(search.of_size(value))

    def in_order(self, found: MediaQuerySet, name: str, value: str) -> MediaQuerySet:
        """The pages themselves are in an order: see get_keyset."""
        return found

    def with_star(self, found: MediaQuerySet, name: str, value: bool) -> MediaQuerySet:
        return found.filter(starred_at__isnull=not value)


class MediaViews(ViewSet):
    """Pictures and videos of the library."""

    serializer_class = MediaSerializer
    queryset = Media.objects.none()
    filter_backends = [DjangoFilterBackend]
    filterset_class = MediaFilter

    def get_queryset(self) -> Any:
        return Media.objects.for_user(self.request.user).select_related("project")

    def get_keyset(self) -> tuple[str, ...]:
        if self.action == "bin":
            return IN_THE_BIN
        return ORDERS.get(self.request.query_params.get("sort", ""), self.keyset)

    def read_rows(self, found: Any) -> Any:
        """Read a page: through the index of words where that decides, with the tags of all."""
        said = getattr(self.request, "said", None)
        rows = words.read(found, self.request.user, said) if said else list(found)
        mine: Any = MediaTag.objects.for_user(self.request.user)
        prefetch_related_objects(rows, Prefetch("tagged", mine.select_related("tag")))
        return rows

    @extend_schema(operation_id="list_media", summary="My library")
    def list(self, request: Request) -> Response:
        """What you keep, the newest first or in the order of `sort`."""
        return self.page_of(self.get_queryset().kept())

    @extend_schema(operation_id="list_bin", summary="My bin", responses=MediaSerializer(many=True))
    def bin(self, request: Request) -> Response:
        """What you deleted from the library and can still restore, the latest first."""
        return self.page_of(self.get_queryset().exclude(deleted_at=None))

    @extend_schema(operation_id="empty_bin", summary="Empty my bin", responses={204: None})
    def empty(self, request: Request) -> Response:
        """Remove for good all that is in the bin, files too."""
        bin.empty_bin(user=request.user)
        return Response(status=204)

    @extend_schema(
        operation_id="change_many_media",
        summary="Many at once",
        request=ManyMedia,
        responses=MediaIds,
    )
    @transaction.atomic
    def many(self, request: Request) -> Response:
        """Star, tag, move, delete or restore up to 1,000 at once. All of them or none."""
        wanted = ManyMedia(data=request.data)
        wanted.is_valid(raise_exception=True)
        _change_many(request.user, **wanted.validated_data)
        return Response({"media": wanted.validated_data["media"]})

    @extend_schema(
        operation_id="media_family", summary="What it came from", responses=FamilySerializer
    )
    def family(self, request: Request, id: uuid.UUID) -> Response:
        """What it was made from and what was made from it, as far as that is kept."""
        media = self.get_object()
        kept = self.get_queryset().kept()
        parents = self.read_rows(kept.filter(pk=media.parent_id))
        children = self.read_rows(kept.filter(parent_id=media.pk).newest_first()[:CHILDREN])
        family = {"parents": parents, "children": children}
        return Response(FamilySerializer(family, context=self.get_serializer_context()).data)

    @extend_schema(
        operation_id="media_as",
        summary="In another format",
        parameters=[OpenApiParameter("wanted", location="path", enum=[*formats.FORMATS])],
        responses={(200, "image/*"): OpenApiTypes.BINARY},
    )
    def converted(self, request: Request, id: uuid.UUID, wanted: str) -> HttpResponse:
        """The picture as PNG, JPEG or WebP, with its settings inside."""
        if wanted not in formats.FORMATS:
            raise Http404
        body, mime_type = formats.converted(services.own_media(request.user, id), wanted)
        return HttpResponse(body, content_type=mime_type)

    @extend_schema(operation_id="media", summary="One picture or video")
    def retrieve(self, request: Request, id: uuid.UUID) -> Response:
        """One picture or video, in the bin or not."""
        return self._answer(self.get_object())

    @extend_schema(operation_id="update_media", summary="Title, project, star", request=MediaChange)
    @transaction.atomic
    def partial_update(self, request: Request, id: uuid.UUID) -> Response:
        """Give it a title, a star or tags, or put it into a project. All of it or nothing."""
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
    if "tags" in wanted:
        tags.set_tags(user=user, media_id=media_id, names=wanted["tags"])


def _change_many(user: Any, *, media: list[uuid.UUID], **wanted: Any) -> None:
    ids: dict[str, Any] = {"user": user, "media_ids": media}
    services.own_many(user, media)
    if "project_id" in wanted:
        services.move_media(**ids, project_id=wanted["project_id"])
    if "starred" in wanted:
        services.star_media(**ids, starred=wanted["starred"])
    if wanted["add_tags"] or wanted["remove_tags"]:
        tags.tag_media(**ids, add=wanted["add_tags"], remove=wanted["remove_tags"])
    if "in_bin" in wanted:
        (services.delete_media if wanted["in_bin"] else services.restore_media)(**ids)


class Projects(ViewSet):
    """The library's shelves."""

    serializer_class = ProjectSerializer
    queryset = Project.objects.none()
    keyset = ("name", "id")

    def get_queryset(self) -> Any:
        mine: Any = Project.objects.for_user(self.request.user)
        return mine.kept()

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
        """Change its name, description, cover, or the project that it lies in."""
        wanted = ProjectChange(data=request.data)
        wanted.is_valid(raise_exception=True)
        values = wanted.validated_data
        if "parent_id" in values:
            values["parent_id"] = values["parent_id"] or ""
        services.update_project(user=request.user, project_id=id, **values)
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(
        operation_id="delete_project",
        summary="Delete it",
        parameters=[
            OpenApiParameter(
                "media",
                enum=["keep", "bin"],
                default="keep",
                description="What becomes of its media: they stay, or go to the bin with it.",
            )
        ],
        responses={204: None},
    )
    def destroy(self, request: Request, id: uuid.UUID) -> Response:
        """Delete a project. It can be restored as long as the bin keeps things."""
        goes = request.query_params.get("media") == "bin"
        services.delete_project(user=request.user, project_id=id, with_media=goes)
        return Response(status=204)

    @extend_schema(
        operation_id="restore_project",
        summary="Bring it back",
        request=None,
        responses=ProjectSerializer,
    )
    def restore(self, request: Request, id: uuid.UUID) -> Response:
        """Bring back a deleted project, with the media that went to the bin with it."""
        project = services.restore_project(user=request.user, project_id=id)
        return Response(self.get_serializer(project).data)
