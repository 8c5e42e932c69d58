"""Addresses that carry their own permission: where a worker puts its output, what an API hands out,
and the hourly ones that pages are redirected to. Not for deciding who may have one.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypedDict, TypeVar

from django.conf import settings
from django.core import signing
from django.utils.http import content_disposition_header

from ourvidz.storage import keys, places

UPLOAD = "ourvidz.storage.upload"
DOWNLOAD = "ourvidz.storage.download"
# Urls for pages are signed as of the full hour, so that they stay the same and are cached.
STEP = 3600

Token = TypeVar("Token", "UploadToken", "DownloadToken")


class Target(TypedDict, total=False):
    """How to send one file: an HTTP method, an absolute url, headers that must be sent as they are.

    `fallback` is a second target for when this one does not answer.
    """

    method: str
    url: str
    headers: dict[str, str]
    fallback: dict[str, Any]


@dataclass(frozen=True)
class UploadToken:
    """What one signed upload url allows: exactly this file, no larger than `max_bytes`."""

    bucket: str
    key: str
    content_type: str
    max_bytes: int
    expires_at: int


@dataclass(frozen=True)
class DownloadToken:
    """What one signed download url allows: to read this file."""

    bucket: str
    key: str
    place: str
    disposition: str
    expires_at: int


class BadToken(ValueError):
    """A signed address that was tampered with, made up, or has expired."""


def upload_target(
    bucket: str, key: str, content_type: str, max_bytes: int, expires: timedelta
) -> Target:
    """Return where and how a worker sends the file `key`. `content_type` is a MIME type."""
    name = keys.object_name(bucket, key)
    seconds = int(expires.total_seconds())
    url = places.place(places.PRIMARY).signed_put(name, mime_type=content_type, seconds=seconds)
    ours = _own_upload(UploadToken(bucket, key, content_type, max_bytes, _now() + seconds))
    if url is None:
        return ours
    # Past the primary, our own endpoint still reaches the alternative storage.
    return {**ours, "url": url, "fallback": dict(ours)}


def signed_url(
    bucket: str,
    key: str,
    expires: timedelta,
    *,
    place: str = places.PRIMARY,
    filename: str = "",
    attachment: bool = False,
) -> str:
    """Return an absolute url that reads the file for `expires`, for whoever holds it."""
    name = keys.object_name(bucket, key)
    seconds = int(expires.total_seconds())
    disposition = content_disposition_header(attachment, filename or key.rpartition("/")[2]) or ""
    url = places.place(place).signed_get(
        name,
        mime_type=keys.mime_type_of(key),
        disposition=disposition,
        signed_at=datetime.now(UTC),
        seconds=seconds,
    )
    token = DownloadToken(bucket, key, place, disposition, _now() + seconds)
    return url or f"{settings.SITE_URL}/media/signed/{_dump(token, DOWNLOAD)}"


def stepped_url(
    bucket: str, key: str, place: str, disposition: str, now: datetime
) -> tuple[str, int] | None:
    """Return a url for a page and the seconds it may be cached, or None for files kept here.

    Within one hour the url is the same; it works for at least an hour after it was handed out.
    """
    start = datetime.fromtimestamp(now.timestamp() // STEP * STEP, UTC)
    url = places.place(place).signed_get(
        keys.object_name(bucket, key),
        mime_type=keys.mime_type_of(key),
        disposition=disposition,
        signed_at=start,
        seconds=2 * STEP,
    )
    return (url, STEP - int((now - start).total_seconds())) if url else None


def read_upload_token(text: str) -> UploadToken:
    """Return what a signed upload url allows. Raises BadToken."""
    token = UploadToken(**_load(text, UPLOAD))
    return _unexpired(token)


def read_download_token(text: str) -> DownloadToken:
    """Return what a signed download url allows. Raises BadToken."""
    token = DownloadToken(**_load(text, DOWNLOAD))
    return _unexpired(token)


def _own_upload(token: UploadToken) -> Target:
    url = f"{settings.SITE_URL}/api/v1/worker/uploads/{_dump(token, UPLOAD)}"
    return {"method": "PUT", "url": url, "headers": {"Content-Type": token.content_type}}


def _dump(token: UploadToken | DownloadToken, salt: str) -> str:
    return signing.dumps(asdict(token), salt=salt)


def _load(text: str, salt: str) -> dict[str, Any]:
    try:
        return signing.loads(text, salt=salt)
    except signing.BadSignature as error:
        raise BadToken(str(error)) from error


def _unexpired(token: Token) -> Token:
    if token.expires_at < _now():
        raise BadToken("expired")
    return token


def _now() -> int:
    return int(datetime.now(UTC).timestamp())
