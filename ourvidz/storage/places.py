"""The two stores by name: the primary, and the alternative that takes over when the primary
refuses. Each is a folder or an S3 bucket, as the settings say. Not for deciding where a file goes.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from django.conf import settings

from ourvidz.storage.folder import FolderPlace
from ourvidz.storage.place import Place
from ourvidz.storage.s3 import S3Place

PRIMARY = "primary"
ALTERNATIVE = "alternative"


def place(name: str) -> Place:
    """Return the store called 'primary' or 'alternative'."""
    if name == PRIMARY:
        return _place("S3_", settings.STORAGE_DIR)
    if name == ALTERNATIVE:
        return _place("S3_ALTERNATIVE_", settings.STORAGE_ALTERNATIVE_DIR)
    raise ValueError(f"{name!r} is not a place.")


def other(name: str) -> str:
    """Return the name of the other store."""
    return ALTERNATIVE if name == PRIMARY else PRIMARY


def _place(prefix: str, folder: Path) -> Place:
    bucket = getattr(settings, f"{prefix}BUCKET")
    if not bucket:
        return _folder(Path(folder))
    names = ("ENDPOINT_URL", "REGION", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY")
    return _s3(bucket, *(getattr(settings, f"{prefix}{name}") for name in names))


# One object for each configuration: a client keeps its connections, and tests change the settings.
@lru_cache(maxsize=16)
def _folder(root: Path) -> FolderPlace:
    return FolderPlace(root)


@lru_cache(maxsize=16)
def _s3(bucket: str, endpoint: str, region: str, access_key: str, secret_key: str) -> S3Place:
    return S3Place(bucket, endpoint, region, access_key, secret_key)
