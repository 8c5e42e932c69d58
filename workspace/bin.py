"""The workspace's bin: what was deleted or cleared and can still be brought back, until the sweep
or its owner removes it for good. Not for the library's bin, nor for the deleting itself: that is
services.py and sessions.py.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from ourvidz import feed, storage
from ourvidz.errors import Refused
from workspace.models import ItemQuerySet, WorkspaceItem, WorkspaceSession
from workspace.sessions import expiry


def in_bin(user: Any) -> ItemQuerySet:
    """Return a person's deleted items that have a file, those deleted last first."""
    items: ItemQuerySet = WorkspaceItem.objects.for_user(user)
    # An index has exactly this condition and this order.
    deleted = items.filter(deleted_at__isnull=False).exclude(storage_path="")
    return deleted.order_by("-deleted_at", "-id")


def put_in_bin(items: Sequence[WorkspaceItem]) -> None:
    """Delete a person's items, with a way back; inside a transaction."""
    # From now on the bin's days count, not the workspace's.
    gone = {"deleted_at": timezone.now(), "expires_at": None}
    WorkspaceItem.objects.filter(pk__in=[item.pk for item in items]).update(**gone)
    for item in items:
        feed.publish(item.user_id, "item.removed", {"item": item.pk, "session": item.session_id})


@transaction.atomic
def restore_items(*, user: Any, item_ids: Sequence[uuid.UUID]) -> int:
    """Take items back out of the bin, and their sessions with them; returns how many came back.

    Repeating it changes nothing. Raises Refused('item_missing') where one is gone for good.
    """
    items: Any = WorkspaceItem.objects.for_user(user).filter(pk__in=item_ids)
    found = list(items.select_for_update())
    if len(found) != len(set(item_ids)):
        raise Refused("item_missing")
    _restore_sessions(user, {item.session_id for item in found})
    items.filter(media=None).update(expires_at=expiry())
    items.update(deleted_at=None)
    for item in found:
        ids = {"item": item.pk, "session": item.session_id}
        feed.publish(item.user_id, "item.changed", ids, status=item.status)
    return len(found)


@transaction.atomic
def empty_bin(*, user: Any, item_ids: Sequence[uuid.UUID] | None = None) -> int:
    """Remove what is in the bin for good, or only those named; returns how many. Files that saved
    media share stay with them.
    """
    wanted = in_bin(user)
    if item_ids is not None:
        wanted = wanted.filter(pk__in=item_ids)
    found = list(wanted)
    WorkspaceItem.objects.for_user(user).filter(pk__in=[item.pk for item in found]).delete()
    storage.discard(
        storage.Where(item.bucket_name, item.storage_path, item.storage_place) for item in found
    )
    return len(found)


def _restore_sessions(user: Any, ids: set[uuid.UUID]) -> None:
    sessions: Any = WorkspaceSession.objects.for_user(user).filter(pk__in=ids)
    sessions.exclude(deleted_at=None).update(deleted_at=None)
