"""Where a worker's output arrives when the storage is a folder, or when the object store does not
answer: one signed PUT for each file, or a part of the report of a job that is named by the same
signature. That alone is the permission; there is no session and no token here. Not for what people
upload (`ourvidz/uploads.py`).
"""

from __future__ import annotations

import base64
import re
import tempfile
from collections.abc import Collection
from typing import Any, BinaryIO, cast

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.template.defaultfilters import filesizeformat
from django.utils.decorators import method_decorator
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ourvidz import storage
from ourvidz.errors import Refused
from ourvidz.storage import objects, signed
from ourvidz.storage.place import CHUNK

MEMORY = 2 * 1024 * 1024
HEAD = 16
# How a file of each kind begins: enough to refuse a page of HTML that calls itself a picture.
BEGINNINGS = {
    "image/png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "image/jpeg": re.compile(rb"\xff\xd8\xff"),
    "image/webp": re.compile(rb"RIFF....WEBP", re.DOTALL),
    "video/mp4": re.compile(rb"....ftyp", re.DOTALL),
    "video/webm": re.compile(rb"\x1a\x45\xdf\xa3"),
}
# RFC 9530. Optional: the job's callback carries the checksum too.
DIGEST = re.compile(r"sha-256=:([A-Za-z0-9+/=]+):")


@method_decorator(transaction.non_atomic_requests, name="dispatch")
class WorkerUpload(APIView):
    """PUT one file. 201 with its size and sha256, or a problem: 403, 413, 415, 422, 500."""

    authentication_classes: list[Any] = []
    permission_classes: list[Any] = []
    schema = None

    def put(self, request: Request, token: str) -> Response:
        stored = receive(request, _allowed(token))
        body = {"bytes": stored.bytes, "sha256": stored.sha256}
        return Response(body, status=201)


def keep(file: UploadedFile, token: str, wanted: Collection[str]) -> None:
    """Store a file that came with a report under what its signed `token` allows, as a PUT to its
    url would, where its key is one of those `wanted`. Raises Refused.
    """
    allowed, size = _allowed(token), file.size or 0
    if size > allowed.max_bytes:
        raise _too_large(size, allowed.max_bytes)
    if allowed.key in wanted:
        _stored(cast(BinaryIO, file), allowed, digest="")


def receive(request: Request, allowed: signed.UploadToken) -> storage.Stored:
    """Check what arrives and store it, all or nothing. Raises Refused."""
    if (request.content_type or "").split(";")[0].strip() != allowed.content_type:
        raise Refused("upload_type_wrong", expected=allowed.content_type)
    if int(request.META.get("CONTENT_LENGTH") or 0) > allowed.max_bytes:
        raise _too_large(int(request.META["CONTENT_LENGTH"]), allowed.max_bytes)
    with tempfile.SpooledTemporaryFile(max_size=MEMORY) as spool:
        file = cast(BinaryIO, spool)
        _copy(request, file, allowed.max_bytes)
        return _stored(file, allowed, request.headers.get("Content-Digest", ""))


def _allowed(token: str) -> signed.UploadToken:
    try:
        return signed.read_upload_token(token)
    except signed.BadToken as error:
        raise Refused("upload_link_invalid") from error


def _stored(file: BinaryIO, allowed: signed.UploadToken, digest: str) -> storage.Stored:
    _check(file, allowed.content_type, digest)
    file.seek(0)
    return storage.save(allowed.bucket, allowed.key, file, allowed.content_type)


def _copy(request: Request, file: BinaryIO, limit: int) -> None:
    size = 0
    while chunk := request.read(CHUNK):
        size += len(chunk)
        if size > limit:
            raise _too_large(size, limit)
        file.write(chunk)
    if not size:
        raise Refused("upload_empty")


def _check(file: BinaryIO, content_type: str, digest: str) -> None:
    file.seek(0)
    if not BEGINNINGS[content_type].match(file.read(HEAD)):
        raise Refused("upload_type_wrong", expected=content_type)
    wanted = DIGEST.search(digest)
    if wanted:
        file.seek(0)
        found = base64.b64encode(bytes.fromhex(objects.measure(file)[1])).decode()
        if found != wanted[1]:
            raise Refused("upload_checksum")


def _too_large(size: int, limit: int) -> Refused:
    return Refused("upload_too_large", size=filesizeformat(size), limit=filesizeformat(limit))
