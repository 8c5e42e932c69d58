"""Files: eight buckets with the seed's key layout, in a folder or in S3, with an alternative
storage that takes over. The names below are all that other packages use. Not for rows: apps own
theirs.
"""

from ourvidz.storage.keys import (
    BUCKETS,
    MIME_TYPES,
    library_key,
    media_path,
    mime_type_of,
    preview_key,
    reference_key,
    thumbnail_key,
    workspace_key,
)
from ourvidz.storage.objects import (
    Stored,
    Where,
    copy,
    discard,
    exists,
    has_room,
    move,
    open,
    received,
    save,
    stat,
)
from ourvidz.storage.rows import find_file, register_expiring, register_files
from ourvidz.storage.signed import signed_url, upload_target
from ourvidz.storage.sources import Source, find_sources
from ourvidz.storage.thumbnails import publish_thumbnail

__all__ = [
    "BUCKETS",
    "MIME_TYPES",
    "Source",
    "Stored",
    "Where",
    "copy",
    "discard",
    "exists",
    "find_file",
    "find_sources",
    "has_room",
    "library_key",
    "media_path",
    "mime_type_of",
    "move",
    "open",
    "preview_key",
    "publish_thumbnail",
    "received",
    "reference_key",
    "register_expiring",
    "register_files",
    "save",
    "signed_url",
    "stat",
    "thumbnail_key",
    "upload_target",
    "workspace_key",
]
