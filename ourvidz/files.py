"""Sends files to browsers: whole or in ranges, conditional, cacheable, in small pieces from an
async iterator, so that a film costs no more memory than a thumbnail. Django's own FileResponse
reads a whole file into memory under ASGI and knows no ranges. Not for deciding who may see a file.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import parse_etags

CHUNK = 256 * 1024
RANGE = re.compile(r"bytes=(\d*)-(\d*)")
# A file is shown, never run: it may load nothing but itself, and nobody else may embed it.
SAFETY = {
    "Content-Security-Policy": (
        "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox"
    ),
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@dataclass(frozen=True)
class Served:
    """A file and how it is to be sent. `etag` is without quotes and names the content for good."""

    path: Path
    mime_type: str
    etag: str
    disposition: str
    cache_control: str


class FileSlice:
    """`length` bytes of an open file from `start` on, read piece by piece off the event loop.

    Holds no database connection and no identity. `close` is called by Django in every case, also
    when nothing was ever read.
    """

    def __init__(self, handle: int, start: int, length: int) -> None:
        self.handle = handle
        self.start = start
        self.end = start + length

    async def __aiter__(self) -> AsyncIterator[bytes]:
        position = self.start
        while position < self.end:
            wanted = min(CHUNK, self.end - position)
            # pread, not seek and read: nothing is shared, so a lost task cannot confuse another.
            piece = await asyncio.to_thread(os.pread, self.handle, wanted, position)
            if not piece:
                # Shorter than promised: the connection must break rather than look complete.
                raise OSError("the file ended early")
            position += len(piece)
            yield piece

    def close(self) -> None:
        handle, self.handle = self.handle, -1
        if handle >= 0:
            os.close(handle)


def serve(request: HttpRequest, file: Served) -> HttpResponseBase:
    """Answer GET and HEAD with 200, 206, 304 or 416. Raises FileNotFoundError where it is gone."""
    handle = os.open(file.path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size = os.fstat(handle).st_size
        response = _answer(request, file, handle, size)
    except BaseException:
        os.close(handle)
        raise
    if not response.streaming:
        os.close(handle)
    for name, value in {**headers(file), **SAFETY}.items():
        response.headers[name] = value
    return response


def headers(file: Served) -> dict[str, str]:
    """Return the headers that every answer about this file carries."""
    return {
        "ETag": f'"{file.etag}"',
        "Cache-Control": file.cache_control,
        "Accept-Ranges": "bytes",
        "Content-Disposition": file.disposition,
    }


def parse_range(header: str, size: int) -> tuple[int, int] | None:
    """Return (start, length) of the one range that is asked for, or None for the whole file.

    What cannot be understood, and several ranges at once, mean the whole file (RFC 9110 allows it).
    Raises ValueError for a range that lies outside the file.
    """
    match = RANGE.fullmatch(header.strip())
    if not match or match[1] == match[2] == "":
        return None
    first, last = match[1], match[2]
    if not first:
        length = min(int(last), size)
        start = size - length
    else:
        start = int(first)
        end = min(int(last), size - 1) if last else size - 1
        if last and int(last) < start:
            return None
        length = end - start + 1
    if length < 1 or start >= size:
        raise ValueError("outside the file")
    return start, length


def _answer(request: HttpRequest, file: Served, handle: int, size: int) -> HttpResponseBase:
    if _known(request, file.etag):
        return HttpResponse(status=304)
    if request.method == "HEAD":
        return HttpResponse(content_type=file.mime_type, headers={"Content-Length": str(size)})
    try:
        part = parse_range(_range_header(request, file.etag), size)
    except ValueError:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    start, length = part or (0, size)
    response = StreamingHttpResponse(
        FileSlice(handle, start, length),
        status=206 if part else 200,
        content_type=file.mime_type,
        headers={"Content-Length": str(length)},
    )
    if part:
        response.headers["Content-Range"] = f"bytes {start}-{start + length - 1}/{size}"
    return response


def _known(request: HttpRequest, etag: str) -> bool:
    given = parse_etags(request.headers.get("If-None-Match", ""))
    return "*" in given or any(one.removeprefix("W/") == f'"{etag}"' for one in given)


def _range_header(request: HttpRequest, etag: str) -> str:
    """Return the Range header, or '' where If-Range speaks of another content than ours."""
    condition = request.headers.get("If-Range", "")
    return request.headers.get("Range", "") if condition in ("", f'"{etag}"') else ""
