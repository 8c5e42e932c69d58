"""Pictures that people upload to start from: checked, made safe and stored, or thrown away. Not for
how an item uses them: that is the workspace.
"""

from __future__ import annotations

import uuid
from pathlib import PurePath
from typing import Any

from django.core.files import File
from django.db import transaction
from django.utils import timezone

from library.models import Reference
from library.services import checked_name
from ourvidz import feed, storage
from ourvidz.errors import Refused
from ourvidz.models import uuid7
from ourvidz.storage.keys import REFERENCES
from ourvidz.uploads import CleanPicture, clean_picture

NAME_LENGTH = 200


def add_reference(
    *, user: Any, upload: File[bytes], name: str = "", purpose: str = Reference.Purpose.PICTURE
) -> Reference:
    """Store an uploaded picture as a reference of this person's, and tell the page.

    Without a name it is called as the file was, which is shown and never used as a path. A mask is
    stored alike, but not shown among the pictures. Raises Refused: see `clean_picture`;
    name_too_long; storage_refused.
    """
    name = checked_name(name, may_be_empty=True, limit=NAME_LENGTH) or _file_name(upload)
    picture = clean_picture(upload)
    row_id = uuid7()
    key = storage.reference_key(user.pk, row_id, picture.extension)
    stored = storage.save(REFERENCES, key, picture.file, picture.mime_type)
    # Where the transaction fails after this, the file is an orphan, which the sweep takes.
    with transaction.atomic():
        reference = Reference.objects.create(
            id=row_id, user=user, name=name, purpose=purpose, **_columns(row_id, stored, picture)
        )
        storage.publish_thumbnail(stored.bucket, stored.key, stored.place)
        if purpose == Reference.Purpose.PICTURE:
            feed.publish(user.pk, "reference.created", {"reference": row_id})
    return reference


def delete_reference(*, user: Any, reference_id: uuid.UUID) -> None:
    """Put a reference into the bin, from which the sweep removes it for good.

    Repeating is no error. Raises Refused('reference_missing') for one that is not this person's.
    """
    with transaction.atomic():
        mine = Reference.objects.for_user(user).filter(pk=reference_id)
        if not mine.exists():
            raise Refused("reference_missing")
        if mine.filter(deleted_at=None).update(deleted_at=timezone.now()):
            feed.publish(user.pk, "reference.removed", {"reference": reference_id})


def restore_reference(*, user: Any, reference_id: uuid.UUID) -> None:
    """Take a reference back out of the bin. Raises Refused('reference_missing')."""
    with transaction.atomic():
        mine = Reference.objects.for_user(user).filter(pk=reference_id)
        if not mine.update(deleted_at=None):
            raise Refused("reference_missing")
        feed.publish(user.pk, "reference.created", {"reference": reference_id})


def _file_name(upload: File[bytes]) -> str:
    given = PurePath(upload.name or "").name
    return "".join(one for one in given if one.isprintable()).strip()[:NAME_LENGTH] or "picture"


def _columns(row_id: uuid.UUID, stored: storage.Stored, picture: CleanPicture) -> dict[str, Any]:
    return {
        "storage_path": stored.key,
        "bucket_name": stored.bucket,
        "storage_place": stored.place,
        "url": storage.media_path(row_id, "original", stored.sha256),
        "thumbnail_url": storage.media_path(row_id, "thumbnail", stored.sha256),
        "mime_type": picture.mime_type,
        "bytes": stored.bytes,
        "sha256": stored.sha256,
        "width": picture.width,
        "height": picture.height,
    }
