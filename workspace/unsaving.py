"""The way back of a save: file and row leave the library, and the item is as it was. Not for saving
(services.py), nor for the library's bin, which gives back what was deleted there.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.db import transaction

from jobs.models import Job
from library.models import Media
from ourvidz import feed, storage
from ourvidz.errors import Refused
from workspace.models import ItemReference, WorkspaceItem
from workspace.sessions import expiry

Status = WorkspaceItem.Status
LEFT = ["status", "media", "storage_path", "storage_place", "expires_at"]


@transaction.atomic
def unsave_items(*, user: Any, item_ids: Sequence[uuid.UUID]) -> list[WorkspaceItem]:
    """Take the saving of items back, of all or none: each file goes back to the workspace, and its
    media with stars, tags and title is gone. Repeating it changes nothing.

    What was made from the media is from now on made from the item. Raises Refused('item_missing' |
    'file_missing' | 'storage_refused').
    """
    wanted = sorted(set(item_ids))
    present: Any = WorkspaceItem.objects.for_user(user).present()
    locked = present.select_for_update(of=("self",)).select_related("media", "job")
    # In one order, so that two who take back the same items wait for each other.
    items: list[WorkspaceItem] = list(locked.filter(pk__in=wanted).order_by("pk"))
    if len(items) != len(wanted):
        raise Refused("item_missing")
    for item in items:
        if item.media is not None:
            _unsave(item, item.media)
    return items


def _unsave(item: WorkspaceItem, media: Media) -> None:
    item.storage_path = _workspace_key(item, media)
    item.storage_place = storage.move(
        media.bucket_name, media.storage_path, item.storage_path, media.storage_place
    )
    item.status, item.media, item.expires_at = Status.GENERATED, None, expiry()
    item.save(update_fields=LEFT)
    _point_at_item(item, media)
    media_id = media.pk
    media.delete()
    feed.publish(item.user_id, "media.removed", {"media": media_id})
    ids = {"item": item.pk, "session": item.session_id}
    feed.publish(item.user_id, "item.changed", ids, status=item.status)


def _workspace_key(item: WorkspaceItem, media: Media) -> str:
    """The file's name of before: a later attempt of the job has one of its own."""
    extension = media.storage_path.rpartition(".")[2]
    attempt = max(item.job.attempt, 1) if item.job else 1
    return storage.workspace_key(
        item.user_id, item.session_id, item.content_type, item.pk, extension, attempt
    )


def _point_at_item(item: WorkspaceItem, media: Media) -> None:
    """Whatever says that it was made from the media, or waits to be, says so of the item."""
    items: Any = WorkspaceItem.objects.for_user(item.user_id)
    items.filter(parent_media=media).update(parent_media=None, parent=item)
    jobs: Any = Job.objects.for_user(item.user_id)
    for job in jobs.filter(item_references__media=media).distinct():
        renamed = [_renamed(one, media.pk, item) for one in job.references]
        jobs.filter(pk=job.pk).update(references=renamed)
    waiting = jobs.unfinished().filter(parent_kind="media", parent_id=media.pk)
    waiting.update(parent_kind="item", parent_id=item.pk)
    used: Any = ItemReference.objects.for_user(item.user_id)
    used.filter(media=media).update(media=None, source_item=item)


def _renamed(reference: dict[str, Any], media_id: uuid.UUID, item: WorkspaceItem) -> dict[str, Any]:
    if reference["id"] != str(media_id):
        return reference
    return reference | {"id": str(item.pk), "kind": "item", "url": item.url}
