"""The signed PUT of a worker: what it takes, and all that it refuses without writing anything."""

from __future__ import annotations

import base64
import hashlib
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from ourvidz import storage
from tests.storage.conftest import REFUSES, encoded, png

BUCKET = "image_fast"

pytestmark = pytest.mark.django_db


@pytest.fixture
def key() -> str:
    return storage.workspace_key(uuid.uuid4(), uuid.uuid4(), "image", uuid.uuid4(), "png")


def put(
    key: str,
    content: bytes,
    *,
    content_type: str = "image/png",
    limit: int = 100_000,
    seconds: int = 60,
    **headers: str,
) -> Any:
    target = storage.upload_target(BUCKET, key, "image/png", limit, timedelta(seconds=seconds))
    path = urlsplit(target["url"]).path
    # As a real client: no session, and the check of foreign forms switched on.
    client = Client(enforce_csrf_checks=True, headers=headers)
    return client.put(path, content, content_type=content_type)


def digest(content: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"


def refused(answer: Any, status: int, code: str) -> None:
    assert answer.status_code == status
    assert answer["Content-Type"].startswith("application/problem+json")
    assert answer.json()["code"] == code


def test_a_picture_arrives(key: str) -> None:
    answer = put(key, png(), Content_Digest=digest(png()))
    assert answer.status_code == 201
    assert answer.json() == {"bytes": len(png()), "sha256": hashlib.sha256(png()).hexdigest()}
    found = storage.received(BUCKET, key)
    assert found and found.sha256 == answer.json()["sha256"]


def test_sending_again_is_no_error(key: str) -> None:
    assert put(key, png()).status_code == put(key, png()).status_code == 201


def test_an_expired_url(key: str) -> None:
    refused(put(key, png(), seconds=-5), 403, "upload_link_invalid")


def test_a_tampered_url(key: str) -> None:
    target = storage.upload_target(BUCKET, key, "image/png", 1000, timedelta(minutes=1))
    path = urlsplit(target["url"]).path
    for forged in (path[:-2] + "xx", path.replace("/uploads/", "/uploads/x"), path + "x"):
        answer = Client().put(forged, png(), content_type="image/png")
        refused(answer, 403, "upload_link_invalid")


def test_too_large(key: str) -> None:
    refused(put(key, png() + b"x" * 5000, limit=4000), 413, "upload_too_large")


def test_an_announced_length_that_is_a_lie_does_not_help(key: str, folders: Path) -> None:
    content = png() + b"x" * 5000
    target = storage.upload_target(BUCKET, key, "image/png", 4000, timedelta(minutes=1))
    answer = Client().generic(
        "PUT", urlsplit(target["url"]).path, content, "image/png", CONTENT_LENGTH="100"
    )
    assert answer.status_code in (201, 413)
    stored = storage.stat(BUCKET, key)
    assert stored is None or stored.bytes <= 4000


def test_another_type_than_announced(key: str) -> None:
    refused(put(key, png(), content_type="text/html"), 415, "upload_type_wrong")


@pytest.mark.parametrize(
    "content", [b"<html><script>", encoded("JPEG", (8, 8)), b"\x89PN", b"GIF89a"]
)
def test_content_that_is_something_else(key: str, content: bytes) -> None:
    refused(put(key, content), 415, "upload_type_wrong")


def test_nothing(key: str) -> None:
    target = storage.upload_target(BUCKET, key, "image/png", 1000, timedelta(minutes=1))
    path = urlsplit(target["url"]).path
    refused(Client().generic("PUT", path, CONTENT_TYPE="image/png"), 422, "upload_empty")


def test_a_checksum_that_does_not_match(key: str) -> None:
    refused(put(key, png(), Content_Digest=digest(b"other")), 422, "upload_checksum")


def test_what_is_refused_leaves_nothing(key: str, folders: Path) -> None:
    put(key, b"<html>")
    put(key, png(), Content_Digest=digest(b"other"))
    put(key, png() + b"x" * 5000, limit=4000)
    assert [path for path in folders.rglob("*") if path.is_file()] == []


def test_a_storage_that_refuses_sends_it_to_the_alternative(key: str, settings: Any) -> None:
    settings.STORAGE_DIR = REFUSES
    assert put(key, png()).status_code == 201
    found = storage.received(BUCKET, key)
    assert found and found.place == "alternative"


def test_storages_that_both_refuse(key: str, settings: Any) -> None:
    settings.STORAGE_DIR = settings.STORAGE_ALTERNATIVE_DIR = REFUSES
    refused(put(key, png()), 500, "storage_refused")


@pytest.mark.parametrize("method", ["get", "post", "delete", "patch"])
def test_only_put(key: str, method: str) -> None:
    target = storage.upload_target(BUCKET, key, "image/png", 1000, timedelta(minutes=1))
    assert getattr(Client(), method)(urlsplit(target["url"]).path).status_code == 405
