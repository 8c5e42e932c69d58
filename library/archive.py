"""Several files in one download: a ZIP that is written while it is sent, so that it costs no more
memory than one piece. Pictures and videos are packed already, so nothing is compressed. Not for
single files.
"""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

from django.http import StreamingHttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header

from ourvidz import storage
from ourvidz.errors import Refused
from ourvidz.storage.rows import FileRow

CHUNK = 256 * 1024


def answer(rows: Iterable[Any]) -> StreamingHttpResponse:
    """Return a download of the files of these rows (media, or items of the workspace). They are
    read now: what streams has no identity.
    """
    files = [_file_of(row) for row in rows if row.has_file]
    response = StreamingHttpResponse(_off_the_loop(_pieces(files)), content_type="application/zip")
    name = f"ourvidz-{timezone.localtime():%Y-%m-%d-%H%M}.zip"
    response["Content-Disposition"] = content_disposition_header(True, name)
    return response


class _Sink(io.RawIOBase):
    """Where the archive is written to: keeps what was not sent yet. It cannot be rewound."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        size = len(self.waiting)
        self.waiting += data  # type: ignore[arg-type]
        return len(self.waiting) - size

    def take(self) -> bytes:
        taken, self.waiting = bytes(self.waiting), bytearray()
        return taken


def _pieces(files: Iterable[FileRow]) -> Iterator[bytes]:
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        for file in files:
            yield from _one(archive, sink, file)
    yield sink.take()


def _one(archive: zipfile.ZipFile, sink: _Sink, file: FileRow) -> Iterator[bytes]:
    try:
        source = storage.open(file.bucket, file.key, file.place)
    except Refused:
        # The answer is under way: what is gone from the storage is left out.
        return
    with source, archive.open(file.filename, "w", force_zip64=True) as inside:
        while piece := source.read(CHUNK):
            inside.write(piece)
            yield sink.take()


async def _off_the_loop(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
        if piece:
            yield piece


def _file_of(row: Any) -> FileRow:
    return FileRow(
        row.pk,
        row.bucket_name,
        row.storage_path,
        row.storage_place,
        row.bytes,
        row.sha256,
        getattr(row, "title", "") or row.prompt,
    )
