"""Tells the storage that items have files, and pages when the sweep removes one. Not for storing
anything.
"""

from __future__ import annotations

from ourvidz import feed, storage
from workspace.models import WorkspaceItem


def register() -> None:
    """Announce the items. Called once, when the app starts."""
    storage.register_files("item", WorkspaceItem.objects.all, title="prompt", removed=_item_removed)


def _item_removed(item: WorkspaceItem) -> None:
    feed.publish(item.user_id, "item.removed", {"item": item.pk, "session": item.session_id})
