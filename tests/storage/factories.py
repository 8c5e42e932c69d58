"""Rows with files, stored as the system stores them. Not for jobs."""

from __future__ import annotations

import io
import uuid
from typing import Any

from library.models import Media, Reference
from ourvidz import storage
from ourvidz.models import uuid7
from ourvidz.rows import as_service
from tests.storage.conftest import png
from workspace.models import WorkspaceItem, WorkspaceSession


def make_media(user: Any, content: bytes | None = None, **columns: Any) -> Media:
    """A picture in the library, with its thumbnail."""
    row_id = uuid7()
    key = storage.library_key(user.pk, "image", row_id, "png")
    values = {"prompt": "a castle in the snow", "content_type": "image"} | columns
    return _make(Media, row_id, user, "image_fast", key, content, values)


def make_item(user: Any, content: bytes | None = None, **columns: Any) -> WorkspaceItem:
    """A finished picture in a session of its own."""
    row_id = uuid7()
    with as_service("test data"):
        session = WorkspaceSession.objects.create(user=user)
    key = storage.workspace_key(user.pk, session.pk, "image", row_id, "png")
    values = {"prompt": "a boat", "content_type": "image", "session": session} | columns
    return _make(WorkspaceItem, row_id, user, "sdxl_image_fast", key, content, values)


def make_reference(user: Any, content: bytes | None = None, **columns: Any) -> Reference:
    """An uploaded picture."""
    row_id = uuid7()
    key = storage.reference_key(user.pk, row_id, "png")
    values = {"name": "holiday"} | columns
    return _make(Reference, row_id, user, "reference_images", key, content, values)


def _make(
    model: Any,
    row_id: uuid.UUID,
    user: Any,
    bucket: str,
    key: str,
    content: bytes | None,
    values: dict[str, Any],
) -> Any:
    stored = storage.save(bucket, key, io.BytesIO(content or png()), "image/png")
    storage.publish_thumbnail(bucket, key, stored.place)
    with as_service("test data"):
        return model.objects.create(
            id=row_id,
            user=user,
            bucket_name=bucket,
            storage_path=key,
            storage_place=stored.place,
            mime_type="image/png",
            bytes=stored.bytes,
            sha256=stored.sha256,
            **values,
        )


def where(row: Any) -> storage.Where:
    """Return where a row's file is."""
    return storage.Where(row.bucket_name, row.storage_path, row.storage_place)
