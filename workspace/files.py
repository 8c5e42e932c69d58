"""Tells the storage that items have files, and pages when the sweep removes one. Not for storing
anything.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from ourvidz import feed, storage
from workspace.models import WorkspaceItem, WorkspaceSession
from workspace.sessions import note_cleaned


def register() -> None:
    """Announce the items. Called once, when the app starts."""
    storage.register_files("item", WorkspaceItem.objects.all, title="prompt", removed=_item_removed)
    storage.register_expiring("session", _deleted_sessions)


def _deleted_sessions(now: datetime) -> QuerySet[Any]:
    """Sessions that nobody can restore any more. Those that still hold an item wait for it."""
    before = now - timedelta(days=settings.BIN_DAYS)
    return WorkspaceSession.objects.filter(deleted_at__lt=before, items=None)


def _item_removed(item: WorkspaceItem) -> None:
    if item.has_file:
        note_cleaned(item.session_id, timezone.now())
    feed.publish(item.user_id, "item.removed", {"item": item.pk, "session": item.session_id})
