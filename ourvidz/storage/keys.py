"""Where a file lives: the eight buckets, the key layout, and the stable address a page uses. Pure
functions over names. Not for reading or writing anything.
"""

from __future__ import annotations

import re
import uuid

BUCKETS = (
    "image_fast",
    "image_high",
    "sdxl_image_fast",
    "sdxl_image_high",
    "video_fast",
    "video_high",
    "reference_images",
    "system_assets",
)
REFERENCES = "reference_images"
ASSETS = "system_assets"

# What a file may be, decided by its extension alone: whatever a sender claims, a page gets this.
MIME_TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "webp": "image/webp",
    "mp4": "video/mp4",
    "webm": "video/webm",
}
EXTENSIONS = {mime_type: extension for extension, mime_type in MIME_TYPES.items()}
FOLDERS = {"image": "images", "video": "videos"}
VARIANTS = ("original", "thumbnail", "preview", "download")

THUMBNAIL_SUFFIX = ".thumb.webp"
THUMBNAIL_TYPE = "image/webp"
# A short loop that moves, beside a video.
PREVIEW_SUFFIX = ".preview.webp"
KEY_LENGTH = 300
# Segments start with a letter or digit: no `.`, no `..`, nothing hidden, nothing empty.
KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
# A person's file: the owner's id, folders, the row's id.
OWNED = re.compile(rf"({UUID})/.*?({UUID})(-\d+)?\.[a-z0-9.]+")


class BadName(ValueError):
    """A bucket, key or extension that this storage never makes."""


def workspace_key(
    user_id: uuid.UUID,
    session_id: uuid.UUID,
    content_type: str,
    row_id: uuid.UUID,
    extension: str,
    attempt: int = 1,
) -> str:
    """Return the key of an item's file. `content_type` is 'image' or 'video'.

    A later attempt of the job gets a name of its own, so that a worker whose lease was lost cannot
    overwrite what its successor delivered.
    """
    folder = FOLDERS[content_type]
    name = _file_name(row_id, extension, attempt)
    return f"{user_id}/workspace/{session_id}/{folder}/{name}"


def library_key(
    user_id: uuid.UUID,
    content_type: str,
    row_id: uuid.UUID,
    extension: str,
    attempt: int = 1,
) -> str:
    """Return the key of a library file. `content_type` is 'image' or 'video'."""
    name = _file_name(row_id, extension, attempt)
    return f"{user_id}/library/{FOLDERS[content_type]}/{name}"


def reference_key(user_id: uuid.UUID, row_id: uuid.UUID, extension: str) -> str:
    """Return the key of an uploaded reference image."""
    return f"{user_id}/references/{_file_name(row_id, extension)}"


def thumbnail_key(key: str) -> str:
    """Return the key of a file's thumbnail, which lies beside it."""
    return f"{key.rpartition('.')[0]}{THUMBNAIL_SUFFIX}"


def preview_key(key: str) -> str:
    """Return the key of a video's preview loop, which lies beside it."""
    return f"{key.rpartition('.')[0]}{PREVIEW_SUFFIX}"


def companions(key: str) -> list[str]:
    """Return the keys of what may lie beside a file, and moves and goes with it."""
    moving = MIME_TYPES.get(key.rpartition(".")[2], "").startswith("video/")
    return [thumbnail_key(key), *([preview_key(key)] if moving else [])]


def originals_of(key: str) -> list[str]:
    """Return the keys of which one, in a row, says that `key` is needed.

    Of a thumbnail or a preview, all that it may stand beside; of any other file, itself.
    """
    for suffix in (THUMBNAIL_SUFFIX, PREVIEW_SUFFIX):
        if key.endswith(suffix):
            stem = key.removesuffix(suffix)
            return [f"{stem}.{extension}" for extension in MIME_TYPES]
    return [key]


def extension_of(key: str) -> str:
    """Return a key's extension, without the dot. Raises BadName for one we never store."""
    extension = key.rpartition(".")[2].lower()
    if extension not in MIME_TYPES:
        raise BadName(f"{key!r} is not a kind of file that is stored here.")
    return extension


def mime_type_of(key: str) -> str:
    """Return the content type under which a file is stored and served."""
    return MIME_TYPES[extension_of(key)]


def object_name(bucket: str, key: str) -> str:
    """Return `<bucket>/<key>`, the name under which either kind of store holds the file.

    Raises BadName for an unknown bucket and for every key that could leave it.
    """
    if bucket not in BUCKETS:
        raise BadName(f"{bucket!r} is not one of the buckets.")
    if len(key) > KEY_LENGTH or not KEY.fullmatch(key):
        raise BadName("That is not a key.")
    return f"{bucket}/{key}"


def owner_in(key: str) -> uuid.UUID | None:
    """Return whose file this is, or None for a key that this storage does not make for people."""
    match = OWNED.fullmatch(key)
    return uuid.UUID(match[1]) if match else None


def media_path(row_id: uuid.UUID, variant: str, sha256: str) -> str:
    """Return the stable address of a row's file for pages: it changes only with the content."""
    if variant not in VARIANTS:
        raise BadName(f"{variant!r} is not a variant.")
    return f"/media/{row_id}/{variant}?v={sha256[:8]}"


def _file_name(row_id: uuid.UUID, extension: str, attempt: int = 1) -> str:
    if extension not in MIME_TYPES:
        raise BadName(f"{extension!r} is not a kind of file that is stored here.")
    return f"{row_id}.{extension}" if attempt <= 1 else f"{row_id}-{attempt}.{extension}"
