"""What operators see of the workspace: sessions, items, and what items refer to."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from ourvidz.admin_tools import RowAdmin
from workspace.models import ItemReference, WorkspaceItem, WorkspaceSession


@admin.register(WorkspaceSession)
class SessionAdmin(RowAdmin):
    list_display = ("session_name", "user", "is_active", "created_at", "expires_at", "deleted_at")
    list_select_related = ("user",)
    list_filter = ("is_active", ("deleted_at", admin.EmptyFieldListFilter), "created_at")
    search_fields = ("session_name",)
    id_fields = ("pk", "user")


@admin.register(WorkspaceItem)
class ItemAdmin(RowAdmin):
    list_display = ("short_prompt", "user", "session", "status", "model_type", "created_at")
    list_select_related = ("user", "session")
    list_filter = (
        "status",
        "content_type",
        "quality",
        "storage_place",
        ("deleted_at", admin.EmptyFieldListFilter),
        "created_at",
    )
    search_fields = ("prompt",)
    id_fields = ("pk", "user", "session", "job", "media", "batch_id")

    @admin.display(description=_("prompt"))
    def short_prompt(self, item: WorkspaceItem) -> str:
        return item.prompt[:80]


@admin.register(ItemReference)
class ItemReferenceAdmin(RowAdmin):
    list_display = (
        "item",
        "job",
        "reference",
        "media",
        "source_item",
        "user",
        "strength",
        "position",
        "role",
    )
    list_select_related = ("item", "job", "reference", "media", "source_item", "user")
    list_filter = ("role",)
    search_fields = ("role", "reference__name")
    id_fields = ("pk", "user", "item", "job", "reference", "media", "source_item")
