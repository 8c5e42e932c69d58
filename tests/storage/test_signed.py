"""Addresses that carry their own permission: what they allow, how long, and attacks on them."""

from __future__ import annotations

import base64
import io
import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from django.core import signing
from django.test import Client

from ourvidz import storage
from ourvidz.storage import places, signed
from tests.storage.conftest import png

BUCKET = "sdxl_image_fast"
HOUR = timedelta(hours=1)


def key() -> str:
    return storage.library_key(uuid.uuid4(), "image", uuid.uuid4(), "png")


def stored(name: str, content: bytes = b"picture") -> None:
    storage.save(BUCKET, name, io.BytesIO(content), "image/png")


def path(url: str) -> str:
    return urlsplit(url).path


def test_an_upload_target_in_a_folder_is_our_own_endpoint(settings: Any) -> None:
    name = key()
    target = storage.upload_target(BUCKET, name, "image/png", 1000, HOUR)
    assert target["method"] == "PUT"
    assert target["headers"] == {"Content-Type": "image/png"}
    assert target["url"].startswith(f"{settings.SITE_URL}/api/v1/worker/uploads/")
    allowed = signed.read_upload_token(target["url"].rpartition("/")[2])
    assert (allowed.bucket, allowed.key, allowed.max_bytes) == (BUCKET, name, 1000)


def test_an_upload_token_expires() -> None:
    target = storage.upload_target(BUCKET, key(), "image/png", 1000, timedelta(seconds=-5))
    with pytest.raises(signed.BadToken):
        signed.read_upload_token(target["url"].rpartition("/")[2])


def test_a_token_is_good_for_one_purpose_only() -> None:
    name = key()
    upload = storage.upload_target(BUCKET, name, "image/png", 1000, HOUR)["url"]
    download = storage.signed_url(BUCKET, name, HOUR)
    with pytest.raises(signed.BadToken):
        signed.read_download_token(upload.rpartition("/")[2])
    with pytest.raises(signed.BadToken):
        signed.read_upload_token(download.rpartition("/")[2])


def forge(token: str, **changes: Any) -> str:
    """Return the token with other contents under the old signature."""
    payload, rest = token.split(":", 1)
    data = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    changed = base64.urlsafe_b64encode(json.dumps(data | changes).encode()).decode().rstrip("=")
    return f"{changed}:{rest}"


@pytest.mark.parametrize(
    "change",
    [
        {"key": "someone/else/one.png"},
        {"bucket": "system_assets"},
        {"max_bytes": 10**12},
        {"expires_at": 2**40},
        {"content_type": "text/html"},
    ],
)
def test_a_changed_upload_token_is_refused(change: dict[str, Any]) -> None:
    token = storage.upload_target(BUCKET, key(), "image/png", 1000, HOUR)["url"].rpartition("/")[2]
    with pytest.raises(signed.BadToken):
        signed.read_upload_token(forge(token, **change))


@pytest.mark.parametrize("token", ["", "x", "a:b:c", "e30:1:AAAA"])
def test_a_made_up_token_is_refused(token: str) -> None:
    with pytest.raises(signed.BadToken):
        signed.read_upload_token(token)


def test_a_token_that_we_signed_for_something_else_is_refused() -> None:
    with pytest.raises(signed.BadToken):
        signed.read_upload_token(signing.dumps({}, salt="other"))


def test_a_signed_url_needs_no_session_and_expires(db: None) -> None:
    name = key()
    stored(name, png())
    answer = Client().get(path(storage.signed_url(BUCKET, name, HOUR, filename="it.png")))
    assert answer.status_code == 200
    assert b"".join(answer) == png()
    assert answer["Content-Type"] == "image/png"
    assert answer["Content-Disposition"] == 'inline; filename="it.png"'
    assert "immutable" not in answer["Cache-Control"]
    late = storage.signed_url(BUCKET, name, timedelta(seconds=-5))
    assert Client().get(path(late)).status_code == 403


def test_a_signed_url_of_another_file_cannot_be_made(db: None) -> None:
    mine, foreign = key(), key()
    stored(foreign)
    url = path(storage.signed_url(BUCKET, mine, HOUR))
    start, token = url.rsplit("/", 1)
    assert Client().get(f"{start}/{forge(token, key=foreign)}").status_code == 403
    assert Client().get(f"{start}/{token[:-1]}").status_code == 403
    assert Client().get(url).status_code == 404


def test_s3_takes_an_upload_by_the_signed_url_alone(in_s3: Any) -> None:
    name = key()
    target = storage.upload_target(BUCKET, name, "image/png", 1000, HOUR)
    assert target["url"].startswith(f"{in_s3.endpoint_url}/{in_s3.bucket}/{BUCKET}/")
    answer = httpx.put(target["url"], content=b"picture", headers=target["headers"])
    assert answer.status_code == 200
    found = storage.received(BUCKET, name)
    assert found and (found.bytes, found.place) == (7, "primary")


def test_beside_s3_there_is_our_own_endpoint(in_s3: Any) -> None:
    target = storage.upload_target(BUCKET, key(), "image/png", 1000, HOUR)
    assert "/api/v1/worker/uploads/" in target["fallback"]["url"]


def test_s3_gives_a_file_by_the_signed_url_alone(in_s3: Any) -> None:
    name = key()
    stored(name)
    answer = httpx.get(storage.signed_url(BUCKET, name, HOUR, filename="it.png", attachment=True))
    assert answer.content == b"picture"
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-disposition"] == 'attachment; filename="it.png"'


def test_our_signature_is_amazons(in_s3: Any) -> None:
    """botocore signs only as of now; ours, as of the hour, must be what it would have made then."""
    now = datetime.now(UTC).replace(microsecond=0)
    place: Any = places.place("primary")
    ours = place.signed_get(
        f"{BUCKET}/a/b.png", mime_type="image/png", disposition="inline", signed_at=now, seconds=99
    )
    with mock.patch("botocore.auth.get_current_datetime", return_value=now):
        theirs = place.client.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": in_s3.bucket,
                "Key": f"{BUCKET}/a/b.png",
                "ResponseContentType": "image/png",
                "ResponseContentDisposition": "inline",
                "ResponseCacheControl": "private, max-age=31536000, immutable",
            },
            ExpiresIn=99,
        )
        upload = place.client.generate_presigned_url(
            "put_object",
            Params={"Bucket": in_s3.bucket, "Key": "k.png", "ContentType": "image/png"},
            ExpiresIn=99,
        )
    assert signature(ours) == signature(theirs)
    headers = {"Content-Type": "image/png"}
    assert signature(place._sign("PUT", "k.png", {}, headers, now, 99)) == signature(upload)


def signature(url: str) -> list[str]:
    return parse_qs(urlsplit(url).query)["X-Amz-Signature"]


def test_a_page_gets_the_same_url_for_an_hour(in_s3: Any) -> None:
    start = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)

    def at(minutes: int) -> tuple[str, int]:
        now = start + timedelta(minutes=minutes)
        found = signed.stepped_url(BUCKET, "a/b.png", "primary", "inline", now)
        assert found
        return found

    assert at(0)[0] == at(59)[0] != at(60)[0]
    assert (at(0)[1], at(59)[1]) == (3600, 60)


def test_files_kept_here_have_no_stepped_url() -> None:
    now = datetime.now(UTC)
    assert signed.stepped_url(BUCKET, "a/b.png", "primary", "inline", now) is None
