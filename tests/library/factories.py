"""Media as the library keeps them, with real files where a test asks for them."""

from __future__ import annotations

import hashlib
import io
from datetime import datetime
from typing import Any

from PIL import Image

from library.models import Media
from ourvidz import rows, storage
from ourvidz.models import uuid7

COLOURS = ("#ff7a55", "#3d8bff", "#2f8f57", "#8a5cf6", "#f2b84b")


def media_of(user: Any, prompt: str, at: datetime | None = None, **fields: Any) -> Media:
    """Make one row of this person's, as old as `at`; its file is only said to be there."""
    row_id = uuid7()
    digest = hashlib.sha256(row_id.bytes).hexdigest()
    values: dict[str, Any] = {
        "content_type": "image",
        "model_type": "starter-fast",
        "quality": "fast",
        "seed": 7,
        "generation_params": {"width": 64, "height": 64, "steps": 8, "guidance": 4.0},
        "metadata": {"timings": {"queue": 9.0, "denoise": 2.5, "decode": 0.3}},
        "width": 64,
        "height": 64,
        "mime_type": "image/png",
        "sha256": digest,
        "url": storage.media_path(row_id, "original", digest),
        "thumbnail_url": storage.media_path(row_id, "thumbnail", digest),
    }
    with rows.as_service("test data"):
        made = Media.objects.create(id=row_id, user=user, prompt=prompt, **{**values, **fields})
        if at is not None:
            Media.objects.filter(pk=row_id).update(created_at=at)
            made.refresh_from_db()
    return made


def picture_of(
    user: Any,
    prompt: str,
    size: tuple[int, int] = (64, 64),
    picture: Image.Image | None = None,
    **fields: Any,
) -> Media:
    """Make one row with a real picture, of one colour unless given, and its thumbnail."""
    row_id = uuid7()
    key = storage.library_key(user.pk, "image", row_id, "png")
    colour = COLOURS[sum(prompt.encode()) % len(COLOURS)]
    file = io.BytesIO()
    made = picture or Image.new("RGB", size, colour)
    made.save(file, "PNG")
    file.seek(0)
    stored = storage.save("sdxl_image_fast", key, file, "image/png")
    storage.publish_thumbnail(stored.bucket, stored.key, stored.place)
    return media_of(
        user,
        prompt,
        bucket_name=stored.bucket,
        storage_path=stored.key,
        storage_place=stored.place,
        bytes=stored.bytes,
        width=made.width,
        height=made.height,
        **fields,
    )
