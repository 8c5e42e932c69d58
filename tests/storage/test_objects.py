"""Where a file goes when a store refuses, and how a file and its row change together."""

from __future__ import annotations

import hashlib
import io
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from library.models import Media
from ourvidz import storage
from ourvidz.errors import Refused
from ourvidz.rows import as_service, as_user
from ourvidz.storage import folder, keys, places
from ourvidz.storage.folder import FolderPlace
from tests.storage.conftest import REFUSES, png
from tests.storage.factories import make_item, make_media, where

BUCKET = "image_fast"


def new_key(owner_id: uuid.UUID) -> str:
    return storage.library_key(owner_id, "image", uuid.uuid4(), "png")


def read(bucket: str, key: str, place: str = "primary") -> bytes:
    with storage.open(bucket, key, place) as file:
        return file.read()


def test_saved_with_size_and_checksum(primary: Any, owner_id: uuid.UUID) -> None:
    key = new_key(owner_id)
    stored = storage.save(BUCKET, key, io.BytesIO(b"picture"), "image/png")
    assert stored == storage.Stored(
        BUCKET, key, 7, hashlib.sha256(b"picture").hexdigest(), "primary"
    )
    assert read(BUCKET, key) == b"picture"
    assert storage.exists(BUCKET, key)


def test_a_stream_that_cannot_be_rewound_is_saved_whole(owner_id: uuid.UUID) -> None:
    class Stream(io.RawIOBase):
        pieces = [b"pic", b"ture"]

        def read(self, size: int = -1) -> bytes:
            return self.pieces.pop(0) if self.pieces else b""

    key = new_key(owner_id)
    assert storage.save(BUCKET, key, Stream(), "image/png").bytes == 7  # type: ignore[arg-type]
    assert read(BUCKET, key) == b"picture"


def test_the_type_must_be_the_extensions(owner_id: uuid.UUID) -> None:
    with pytest.raises(keys.BadName):
        storage.save(BUCKET, new_key(owner_id), io.BytesIO(b"<html>"), "text/html")


def test_a_refusing_folder_sends_files_to_the_alternative(
    settings: Any, owner_id: uuid.UUID
) -> None:
    settings.STORAGE_DIR = REFUSES
    key = new_key(owner_id)
    stored = storage.save(BUCKET, key, io.BytesIO(b"picture"), "image/png")
    assert stored.place == "alternative"
    assert read(BUCKET, key, "alternative") == b"picture"
    found = storage.received(BUCKET, key)
    assert found == stored


def test_a_silent_s3_sends_files_to_the_alternative(in_s3: Any, settings: Any) -> None:
    settings.S3_ENDPOINT_URL = "http://127.0.0.1:9"
    key = new_key(uuid.uuid4())
    assert storage.save(BUCKET, key, io.BytesIO(b"p"), "image/png").place == "alternative"
    found = storage.received(BUCKET, key)
    assert found and found.place == "alternative"


def test_a_bucket_that_is_gone_sends_files_to_the_alternative(in_s3: Any, settings: Any) -> None:
    settings.S3_BUCKET = "never-made"
    key = new_key(uuid.uuid4())
    assert storage.save(BUCKET, key, io.BytesIO(b"p"), "image/png").place == "alternative"


def test_when_both_refuse_nothing_is_written(settings: Any, owner_id: uuid.UUID) -> None:
    settings.STORAGE_DIR = settings.STORAGE_ALTERNATIVE_DIR = REFUSES
    with pytest.raises(Refused) as refused:
        storage.save(BUCKET, new_key(owner_id), io.BytesIO(b"picture"), "image/png")
    assert refused.value.code == "storage_refused"


def test_a_full_disk_is_said(
    settings: Any, owner_id: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.STORAGE_DIR = settings.STORAGE_ALTERNATIVE_DIR = REFUSES
    assert storage.has_room()  # nobody knows
    monkeypatch.setattr(FolderPlace, "has_room", lambda _: False)
    with pytest.raises(Refused, match="no room left"):
        storage.save(BUCKET, new_key(owner_id), io.BytesIO(b"picture"), "image/png")


def test_a_folder_knows_how_much_fits_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = FolderPlace(tmp_path / "not" / "made" / "yet")
    assert place.has_room()
    monkeypatch.setattr(folder, "ROOM", 2**80)
    assert not place.has_room()


def test_received_is_none_where_nothing_came(primary: Any, owner_id: uuid.UUID) -> None:
    assert storage.received(BUCKET, new_key(owner_id)) is None


def test_received_does_not_call_a_silent_store_empty(in_s3: Any, settings: Any) -> None:
    settings.S3_ENDPOINT_URL = "http://127.0.0.1:9"
    with pytest.raises(Refused) as refused:
        storage.received(BUCKET, new_key(uuid.uuid4()))
    assert refused.value.code == "storage_refused"


def test_the_thumbnail_is_made_once(primary: Any, owner_id: uuid.UUID) -> None:
    key = new_key(owner_id)
    storage.save(BUCKET, key, io.BytesIO(png((900, 600))), "image/png")
    assert storage.publish_thumbnail(BUCKET, key)
    small = storage.stat(BUCKET, storage.thumbnail_key(key))
    assert storage.publish_thumbnail(BUCKET, key)
    assert storage.stat(BUCKET, storage.thumbnail_key(key)) == small
    assert read(BUCKET, storage.thumbnail_key(key))[8:12] == b"WEBP"


def test_no_thumbnail_of_what_is_no_picture(owner_id: uuid.UUID) -> None:
    key = new_key(owner_id)
    assert not storage.publish_thumbnail(BUCKET, key)
    storage.save(BUCKET, key, io.BytesIO(b"not a picture"), "image/png")
    assert not storage.publish_thumbnail(BUCKET, key)


def move_to_library(item: Any) -> str:
    """Point the row at the library's key, as saving does."""
    key = storage.library_key(item.user_id, "image", item.pk, "png")
    place = storage.move(item.bucket_name, item.storage_path, key, item.storage_place)
    type(item).objects.filter(pk=item.pk).update(storage_path=key, storage_place=place)
    return key


def test_moving_keeps_both_until_the_commit(
    primary: Any, user: Any, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    item = make_item(user)
    old = item.storage_path
    with django_capture_on_commit_callbacks() as callbacks, as_user(user):
        new = move_to_library(item)
        assert storage.exists(item.bucket_name, old)
    assert storage.exists(item.bucket_name, new)
    for callback in callbacks:
        callback()
    assert not storage.exists(item.bucket_name, old)
    assert not storage.exists(item.bucket_name, storage.thumbnail_key(old))
    assert storage.exists(item.bucket_name, new)
    assert storage.exists(item.bucket_name, storage.thumbnail_key(new))


def test_after_a_rollback_the_row_still_has_its_file(own_database: Any, user: Any) -> None:
    item = make_item(user)
    with pytest.raises(ZeroDivisionError), as_user(user):
        move_to_library(item)
        raise ZeroDivisionError
    with as_user(user):
        item.refresh_from_db()
    assert storage.exists(item.bucket_name, item.storage_path)


def test_a_move_whose_store_is_full_goes_to_the_alternative(
    user: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = make_item(user)

    def full(*args: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(places.FolderPlace, "copy", full)
    monkeypatch.setattr(places.place("primary"), "write", full)
    new = storage.library_key(user.pk, "image", item.pk, "png")
    with transaction.atomic():
        assert storage.move(item.bucket_name, item.storage_path, new) == "alternative"
    assert storage.exists(item.bucket_name, new, "alternative")


def test_moving_what_is_gone_is_refused(db: None, owner_id: uuid.UUID) -> None:
    with pytest.raises(Refused) as refused, transaction.atomic():
        storage.move(BUCKET, new_key(owner_id), new_key(owner_id))
    assert refused.value.code == "file_missing"


def test_files_go_only_with_a_transaction(own_database: Any, owner_id: uuid.UUID) -> None:
    with pytest.raises(RuntimeError):
        storage.discard([storage.Where(BUCKET, new_key(owner_id), "primary")])


def test_a_discarded_file_goes_on_commit(primary: Any, own_database: Any, user: Any) -> None:
    media = make_media(user)
    with as_user(user):
        Media.objects.filter(pk=media.pk).delete()
        storage.discard([where(media)])
        assert storage.exists(media.bucket_name, media.storage_path)
    assert not storage.exists(media.bucket_name, media.storage_path)
    assert not storage.exists(media.bucket_name, storage.thumbnail_key(media.storage_path))


def test_a_file_that_another_row_needs_stays(own_database: Any, user: Any) -> None:
    media = make_media(user)
    item = make_item(user)
    with as_service("test data"):
        type(item).objects.filter(pk=item.pk).update(
            storage_path=media.storage_path, bucket_name=media.bucket_name
        )
    with as_user(user):
        Media.objects.filter(pk=media.pk).delete()
        storage.discard([where(media)])
    assert storage.exists(media.bucket_name, media.storage_path)


def test_a_store_that_does_not_delete_does_not_break_the_commit(
    own_database: Any, user: Any, refusing: Callable[[], None]
) -> None:
    media = make_media(user)
    with as_user(user):
        Media.objects.filter(pk=media.pk).delete()
        storage.discard([where(media)])
        refusing()
    with as_user(user):
        assert not Media.objects.filter(pk=media.pk).exists()
