"""What operators see of the library: rows, not pictures, which belong to their owner."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from library.models import Image, Media, MediaTag, Project, Reference, SavedSearch, Tag, Video
from ourvidz.admin_tools import RowAdmin


@admin.register(Media, Image, Video)
class MediaAdmin(RowAdmin):
    list_display = (
        "short_prompt",
        "user",
        "content_type",
        "model_type",
        "storage_place",
        "bytes",
        "created_at",
        "deleted_at",
    )
    list_select_related = ("user",)
    list_filter = (
        "content_type",
        "quality",
        "storage_place",
        ("deleted_at", admin.EmptyFieldListFilter),
        ("starred_at", admin.EmptyFieldListFilter),
        "created_at",
    )
    search_fields = ("prompt", "title")
    id_fields = ("pk", "user", "project", "job_id", "item_id")

    @admin.display(description=_("prompt"))
    def short_prompt(self, media: Any) -> str:
        return media.prompt[:80]


@admin.register(Project)
class ProjectAdmin(RowAdmin):
    list_display = ("name", "user", "created_at", "updated_at")
    list_select_related = ("user",)
    list_filter = ("created_at",)
    search_fields = ("name", "description")
    id_fields = ("pk", "user")


@admin.register(Tag)
class TagAdmin(RowAdmin):
    list_display = ("name", "user", "created_at")
    list_select_related = ("user",)
    list_filter = ("created_at",)
    search_fields = ("name",)
    id_fields = ("pk", "user")


@admin.register(MediaTag)
class MediaTagAdmin(RowAdmin):
    list_display = ("tag", "media", "user", "created_at")
    list_select_related = ("user", "tag", "media")
    list_filter = ("created_at",)
    search_fields = ("tag__name",)
    id_fields = ("pk", "user", "tag", "media")


@admin.register(SavedSearch)
class SavedSearchAdmin(RowAdmin):
    list_display = ("name", "user", "created_at")
    list_select_related = ("user",)
    list_filter = ("created_at",)
    search_fields = ("name",)
    id_fields = ("pk", "user")


@admin.register(Reference)
class ReferenceAdmin(RowAdmin):
    list_display = ("name", "user", "mime_type", "bytes", "storage_place", "created_at")
    list_select_related = ("user",)
    list_filter = (
        "purpose",
        "storage_place",
        ("deleted_at", admin.EmptyFieldListFilter),
        "created_at",
    )
    search_fields = ("name",)
    id_fields = ("pk", "user")
