"""Writes to items: save, delete, regenerate. Not for sessions (sessions.py) nor for how results
arrive (destination.py).
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

from django.db import transaction

from jobs.models import Job
from jobs.services import cancel_job, queue_job
from jobs.specs import ReferenceSpec
from library.destination import references_kept
from library.models import Media
from library.services import own_media, own_project
from ourvidz import feed, storage
from ourvidz.errors import Refused
from ourvidz.models import uuid7
from workspace.again import retry_batch, retry_item, spec_again
from workspace.bin import empty_bin, in_bin, put_in_bin, restore_items
from workspace.models import ItemReference, WorkspaceItem
from workspace.references import references_of
from workspace.sessions import (
    activate_session,
    active_session,
    clear_workspace_session,
    create_workspace_session,
    delete_session,
    forget_cleaned,
    leave_session,
    own_session,
    rename_session,
    restore_session,
    session_again,
    stay_in_session,
    use_session,
)
from workspace.unsaving import unsave_items

__all__ = [
    "activate_session",
    "active_session",
    "clear_workspace_session",
    "create_workspace_session",
    "delete_item",
    "delete_session",
    "empty_bin",
    "forget_cleaned",
    "in_bin",
    "leave_session",
    "own_item",
    "own_session",
    "regenerate_item",
    "regenerate_media",
    "rename_session",
    "restore_item",
    "restore_items",
    "restore_session",
    "retry_batch",
    "retry_item",
    "save_workspace_item_to_library",
    "session_again",
    "stay_in_session",
    "unsave_items",
    "use_session",
]

Status = WorkspaceItem.Status
COPIED = [
    "content_type",
    "prompt",
    "enhanced_prompt",
    "negative_prompt",
    "model_type",
    "quality",
    "generation_params",
    "seed",
    "metadata",
    "storage_place",
    "bucket_name",
    "mime_type",
    "bytes",
    "sha256",
    "width",
    "height",
    "duration",
    "fps",
    "frames",
    "thumbhash",
]


@transaction.atomic
def save_workspace_item_to_library(
    *, user: Any, item_id: uuid.UUID, project_id: uuid.UUID | None = None
) -> Media:
    """Move an item to the library: file and row, all or nothing. Repeating it returns the same
    media.

    The seed's function of the same name. Raises Refused.
    """
    item = own_item(user, item_id, lock=True)
    if item.media is not None:
        return item.media
    _check_can_be_saved(item)
    project = own_project(user, project_id) if project_id else None
    media = _media_of(item)
    media.project = project
    media.save(force_insert=True)
    _point_at(item, media)
    _adopt(item, media)
    feed.publish(
        item.user_id, "media.created", {"media": media.pk}, content_type=media.content_type
    )
    _publish(item)
    return media


@transaction.atomic
def delete_item(*, user: Any, item_id: uuid.UUID) -> None:
    """Put an item into the bin. What is being made is canceled; saved media stay."""
    item = own_item(user, item_id)
    # The job before its item, as a result locks them that arrives at this moment.
    if item.status == Status.GENERATING and item.job_id:
        cancel_job(user=user, job_id=item.job_id)
    own_item(user, item_id, lock=True)
    put_in_bin([item])


def restore_item(*, user: Any, item_id: uuid.UUID) -> None:
    """Take an item back out of the bin. Raises Refused('item_missing')."""
    restore_items(user=user, item_ids=[item_id])


def regenerate_item(*, user: Any, item_id: uuid.UUID, keep_seed: bool = False) -> list[Job]:
    """Make an item once more with its own settings: a new one beside it, by a new seed or its own.

    Raises Refused.
    """
    item = own_item(user, item_id)
    spec = spec_again(item, keep_seed, references_of(item.references.all()))  # type: ignore[attr-defined]
    return queue_job(user=user, spec=replace(spec, session_id=item.session_id))


def regenerate_media(*, user: Any, media_id: uuid.UUID, keep_seed: bool = False) -> list[Job]:
    """Make something of the library once more, in the session that is active. Raises Refused."""
    media = own_media(user, media_id)
    found: tuple[ReferenceSpec, ...] = ()
    if media.job_id:
        found = references_of(ItemReference.objects.for_user(user).filter(job_id=media.job_id))
    return queue_job(user=user, spec=spec_again(media, keep_seed, found))


def own_item(user: Any, item_id: uuid.UUID, *, lock: bool = False) -> WorkspaceItem:
    """Return an item of this person's that is not in the bin. Raises Refused('item_missing')."""
    items = WorkspaceItem.objects.for_user(user).present().filter(pk=item_id)
    if lock:
        items = items.select_for_update()
    item = items.first()
    if item is None:
        raise Refused("item_missing")
    return item


def _check_can_be_saved(item: WorkspaceItem) -> None:
    if item.status == Status.GENERATING:
        raise Refused("item_unfinished")
    if item.status == Status.FAILED or not item.has_file:
        raise Refused("item_failed")


def _media_of(item: WorkspaceItem) -> Media:
    """Build the library's row and move the file to the library's key; nothing is saved yet."""
    media = Media(id=uuid7(), user_id=item.user_id, item_id=item.pk, job_id=item.job_id)
    for name in COPIED:
        setattr(media, name, getattr(item, name) or getattr(media, name))
    extension = item.storage_path.rpartition(".")[2]
    key = storage.library_key(item.user_id, item.content_type, media.pk, extension)
    media.storage_path = key
    media.storage_place = storage.move(item.bucket_name, item.storage_path, key, item.storage_place)
    media.url = storage.media_path(media.pk, "original", media.sha256)
    for variant in ("thumbnail", "preview"):
        if getattr(item, f"{variant}_url"):
            url = storage.media_path(media.pk, variant, media.sha256)
            setattr(media, f"{variant}_url", url)
    media.parent = _saved_parent(item)
    media.relation = item.relation if media.parent else ""
    if item.job and item.job.references:
        media.has_reference = True
        media.metadata = {**media.metadata, "references": references_kept(item.job.references)}
    return media


def _saved_parent(item: WorkspaceItem) -> Media | None:
    """Return where the item that this one was made from is kept, if it is."""
    return item.parent.media if item.parent else item.parent_media


def _adopt(item: WorkspaceItem, media: Media) -> None:
    """What was made from the item and is kept already, is linked to where the item is kept now."""
    made: Any = WorkspaceItem.objects.for_user(item.user_id).filter(parent=item)
    kept: Any = Media.objects.for_user(item.user_id).filter(parent=None)
    for child in made.exclude(media=None):
        if kept.filter(pk=child.media_id).update(parent=media, relation=child.relation):
            feed.publish(item.user_id, "media.changed", {"media": child.media_id})


def _point_at(item: WorkspaceItem, media: Media) -> None:
    """The item stays where it is in the session, and shows the library's file from now on."""
    item.status = Status.SAVED
    item.media = media
    item.storage_path = media.storage_path
    item.storage_place = media.storage_place
    item.expires_at = None
    item.save(update_fields=["status", "media", "storage_path", "storage_place", "expires_at"])


def _publish(item: WorkspaceItem) -> None:
    ids = {"item": item.pk, "session": item.session_id}
    feed.publish(item.user_id, "item.changed", ids, status=item.status)
