"""What both kinds of store promise, each tested on a real one."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ourvidz.storage import places
from ourvidz.storage.place import FAILURES

NAME = "image_fast/person/library/images/one.png"
OTHER = "image_fast/person/library/images/two.png"


def put(place: Any, name: str = NAME, content: bytes = b"picture") -> None:
    place.write(name, io.BytesIO(content), "image/png")


def test_what_is_written_is_there(primary: Any) -> None:
    put(primary)
    with primary.open(NAME) as file:
        assert file.read() == b"picture"
    held = primary.held(NAME)
    assert (held.name, held.bytes) == (NAME, 7)
    assert abs(held.changed_at - datetime.now(UTC)) < timedelta(minutes=1)


def test_writing_again_replaces(primary: Any) -> None:
    put(primary)
    put(primary, content=b"another")
    with primary.open(NAME) as file:
        assert file.read() == b"another"


def test_a_copy_is_independent(primary: Any) -> None:
    put(primary)
    primary.copy(NAME, OTHER)
    primary.delete([NAME])
    assert primary.held(NAME) is None
    with primary.open(OTHER) as file:
        assert file.read() == b"picture"


def test_missing_objects(primary: Any) -> None:
    assert primary.held(NAME) is None
    primary.delete([NAME])
    with pytest.raises(FileNotFoundError):
        primary.open(NAME)
    with pytest.raises(FileNotFoundError):
        primary.copy(NAME, OTHER)


def test_walk_sees_everything(primary: Any) -> None:
    put(primary)
    put(primary, OTHER, b"x" * 9)
    assert {held.name: held.bytes for held in primary.walk()} == {NAME: 7, OTHER: 9}


def test_a_folder_keeps_nothing_of_a_write_that_fails(folders: Path) -> None:
    class Breaks(io.BytesIO):
        def read(self, *args: Any) -> bytes:
            if self.tell():
                raise OSError("the line went dead")
            return super().read(3)

    with pytest.raises(OSError):
        places.place("primary").write(NAME, Breaks(b"picture"), "image/png")
    assert [path for path in folders.rglob("*") if path.is_file()] == []


def test_a_folder_removes_what_it_emptied(folders: Path) -> None:
    place = places.place("primary")
    put(place)
    place.delete([NAME])
    assert not (folders / "image_fast").exists()
    assert folders.exists()


def test_a_linked_copy_counts_as_new(folders: Path) -> None:
    """The sweep's grace period must hold for a name that was given just now."""
    import os

    place = places.place("primary")
    put(place)
    os.utime(folders / NAME, (0, 0))
    place.copy(NAME, OTHER)
    held = place.held(OTHER)
    assert held and datetime.now(UTC) - held.changed_at < timedelta(minutes=1)


def test_an_s3_server_that_is_away_is_a_failure(settings: Any) -> None:
    settings.S3_ENDPOINT_URL = "http://127.0.0.1:9"
    settings.S3_BUCKET = "nowhere"
    settings.S3_ACCESS_KEY_ID = settings.S3_SECRET_ACCESS_KEY = "x"
    with pytest.raises(FAILURES):
        put(places.place("primary"))


def test_objects_in_s3_know_what_they_are(in_s3: Any) -> None:
    place: Any = places.place("primary")
    put(place)
    found = place.client.head_object(Bucket=in_s3.bucket, Key=NAME)
    assert found["ContentType"] == "image/png"
    assert "immutable" in found["CacheControl"]


def test_the_alternative_can_be_a_second_bucket(settings: Any, in_s3: Any) -> None:
    for name in ("ENDPOINT_URL", "REGION", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY"):
        setattr(settings, f"S3_ALTERNATIVE_{name}", getattr(settings, f"S3_{name}"))
    settings.S3_ALTERNATIVE_BUCKET = "second"
    primary: Any = places.place("primary")
    primary.client.create_bucket(Bucket="second")
    put(places.place("alternative"))
    assert places.place("alternative").held(NAME)
    assert primary.held(NAME) is None
