"""Stores for these tests: a folder or a bucket each, empty and the test's own."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ourvidz.storage import places
from tests.fixtures.services import S3Bucket

# Nothing can be made there, not even by root.
REFUSES = Path("/proc/refuses")


@pytest.fixture(autouse=True)
def folders(settings: Any, tmp_path: Path) -> Path:
    """Both stores in folders of the test's own; returns the primary's."""
    settings.STORAGE_DIR = tmp_path / "primary"
    settings.STORAGE_ALTERNATIVE_DIR = tmp_path / "alternative"
    for prefix in ("S3_", "S3_ALTERNATIVE_"):
        setattr(settings, f"{prefix}BUCKET", "")
    return tmp_path / "primary"


@pytest.fixture
def in_s3(settings: Any, s3_bucket: S3Bucket) -> S3Bucket:
    """The primary store in a bucket; the alternative stays a folder."""
    settings.S3_ENDPOINT_URL = s3_bucket.endpoint_url
    settings.S3_BUCKET = s3_bucket.bucket
    settings.S3_REGION = s3_bucket.region
    settings.S3_ACCESS_KEY_ID = s3_bucket.access_key_id
    settings.S3_SECRET_ACCESS_KEY = s3_bucket.secret_access_key
    return s3_bucket


@pytest.fixture(params=["folder", "s3"])
def primary(request: pytest.FixtureRequest) -> Any:
    """The primary store, once as a folder and once as a bucket."""
    if request.param == "s3":
        request.getfixturevalue("in_s3")
    return places.place(places.PRIMARY)


@pytest.fixture
def refusing(settings: Any) -> Callable[[], None]:
    """Return a function after which the primary store takes nothing and gives nothing."""

    def refuse() -> None:
        settings.S3_BUCKET = ""
        settings.STORAGE_DIR = REFUSES

    return refuse


@pytest.fixture
def owner_id() -> uuid.UUID:
    """Some person's id."""
    return uuid.uuid4()


def png(size: tuple[int, int] = (40, 30), colour: str = "teal", **options: Any) -> bytes:
    """Return a small PNG."""
    return encoded("PNG", size, colour, **options)


def encoded(form: str, size: tuple[int, int], colour: str = "teal", **options: Any) -> bytes:
    """Return a picture of one colour in the given format."""
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, form, **options)
    return out.getvalue()
