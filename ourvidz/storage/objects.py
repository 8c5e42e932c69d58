"""Writing, reading, moving and deleting files: which store takes a file, and how a file and its row
change together. Not for serving files, and not for finding rows.
"""

from __future__ import annotations

import builtins
import contextlib
import hashlib
import logging
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, cast

from django.db import connection, transaction

from ourvidz.errors import Refused
from ourvidz.storage import keys, places, rows
from ourvidz.storage.place import CHUNK, FAILURES, Held

log = logging.getLogger(__name__)

SPOOL = 8 * 1024 * 1024
HEAD, TAIL = 32, 12


@dataclass(frozen=True)
class Stored:
    """A file that is safely in a store. `place` is 'primary' or 'alternative', `sha256` is hex.

    `head` and `tail` are the first and last bytes of one that a worker uploaded.
    """

    bucket: str
    key: str
    bytes: int
    sha256: str
    place: str
    head: builtins.bytes = field(default=b"", compare=False)
    tail: builtins.bytes = field(default=b"", compare=False)

    @property
    def mime_type(self) -> str:
        return keys.mime_type_of(self.key)


@dataclass(frozen=True)
class Where:
    """Enough to reach a file."""

    bucket: str
    key: str
    place: str


def save(bucket: str, key: str, file: BinaryIO, content_type: str) -> Stored:
    """Store all of `file` under bucket and key; where the primary refuses, in the alternative.

    `content_type` must be the one that the key's extension stands for (keys.BadName otherwise).
    Raises Refused('storage_refused' | 'storage_full') where neither store takes it; then nothing is
    written.
    """
    name = keys.object_name(bucket, key)
    if content_type != keys.mime_type_of(key):
        raise keys.BadName(f"{content_type} does not belong in {key}.")
    with _rewindable(file) as source:
        size, digest = measure(source)
        for place_name in (places.PRIMARY, places.ALTERNATIVE):
            source.seek(0)
            if _try_to_write(place_name, name, source, content_type):
                return Stored(bucket, key, size, digest, place_name)
    raise Refused("storage_refused" if has_room() else "storage_full")


def has_room() -> bool:
    """Return whether either store is likely to take another file."""
    return _has_room(places.PRIMARY) or _has_room(places.ALTERNATIVE)


def open(bucket: str, key: str, place: str = places.PRIMARY) -> BinaryIO:
    """Return the file's bytes to read. Raises Refused('file_missing' | 'storage_refused')."""
    name = keys.object_name(bucket, key)
    with _refused(name):
        return places.place(place).open(name)


def stat(bucket: str, key: str, place: str = places.PRIMARY) -> Held | None:
    """Return size and time of the file, or None where that store has no such file."""
    name = keys.object_name(bucket, key)
    with _refused(name):
        return places.place(place).held(name)


def exists(bucket: str, key: str, place: str = places.PRIMARY) -> bool:
    """Return whether that store has the file."""
    return stat(bucket, key, place) is not None


def received(bucket: str, key: str) -> Stored | None:
    """Return what a worker uploaded under this key, with the checksum of what is really there.

    Looks in both stores, since an upload may have had to go to the alternative. None: nothing came.
    Raises Refused('storage_refused') where the file is in neither and a store did not answer.
    """
    name = keys.object_name(bucket, key)
    silent: Exception | None = None
    for place_name in (places.PRIMARY, places.ALTERNATIVE):
        try:
            if places.place(place_name).held(name) is None:
                continue
            with places.place(place_name).open(name) as file:
                size, digest = measure(file)
                head, tail = _ends(file, size)
        except FAILURES as error:
            silent = error
            continue
        return Stored(bucket, key, size, digest, place_name, head, tail)
    if silent is not None:
        raise Refused("storage_refused") from silent
    return None


def copy(bucket: str, key: str, new_key: str, place: str = places.PRIMARY) -> str:
    """Give the file (and its thumbnail and preview) a second key; return where the copy is."""
    new_place = _copy(bucket, key, new_key, place)
    for old, new in zip(keys.companions(key), keys.companions(new_key), strict=True):
        # Without its thumbnail a copy is still whole: the file itself is shown instead.
        with contextlib.suppress(Refused):
            _copy(bucket, old, new, place)
    return new_place


def move(bucket: str, key: str, new_key: str, place: str = places.PRIMARY) -> str:
    """Copy the file and its thumbnail to `new_key` now, and delete the old ones on commit.

    Call it in the transaction that points every row of the file at `new_key` and at the place that
    is returned: before the commit both names exist, after a rollback the copy is an orphan that the
    sweep takes, and at no moment does a row point at nothing. Lock the row first, so that nobody
    moves it meanwhile. Raises Refused('file_missing' | 'storage_refused').
    """
    new_place = copy(bucket, key, new_key, place)
    _delete_on_commit([Where(bucket, key, place)])
    return new_place


def discard(files: Iterable[Where]) -> None:
    """Delete files and their thumbnails on commit, unless a row still points at them.

    Call it after the rows are deleted or point elsewhere, in the same transaction: a saved item and
    its media share one file, which goes with the last of them.
    """
    files = list(files)
    used = {
        (bucket, key)
        for bucket in {file.bucket for file in files}
        for key in rows.keys_in_use(bucket, (file.key for file in files if file.bucket == bucket))
    }
    _delete_on_commit(file for file in files if (file.bucket, file.key) not in used)


def measure(file: BinaryIO) -> tuple[int, str]:
    """Return the size in bytes and the sha256 (hex) of all that `file` still has to read."""
    digest, size = hashlib.sha256(), 0
    while chunk := file.read(CHUNK):
        digest.update(chunk)
        size += len(chunk)
    return size, digest.hexdigest()


def _ends(file: BinaryIO, size: int) -> tuple[bytes, bytes]:
    file.seek(0)
    head = file.read(HEAD)
    file.seek(max(0, size - TAIL))
    return head, file.read(TAIL)


def _copy(bucket: str, key: str, new_key: str, place: str) -> str:
    name, new_name = keys.object_name(bucket, key), keys.object_name(bucket, new_key)
    try:
        places.place(place).copy(name, new_name)
        return place
    except FileNotFoundError as error:
        raise Refused("file_missing") from error
    except FAILURES as error:
        log.warning("The %s storage could not copy %s: %s", place, name, error)
    with open(bucket, key, place) as file:
        return save(bucket, new_key, file, keys.mime_type_of(new_key)).place


def _delete_on_commit(files: Iterable[Where]) -> None:
    if not connection.in_atomic_block:
        raise RuntimeError("A file goes after the row that points at it: use a transaction.")
    names = _names_by_place(files)
    if names:
        # Robust: what a silent store keeps has no row any more, and the sweep takes it. No partial:
        # when it fails, Django asks for its name, and it has none.
        transaction.on_commit(lambda: _delete(names), robust=True)


def _delete(names: dict[str, list[str]]) -> None:
    for place_name, found in names.items():
        places.place(place_name).delete(found)


def _names_by_place(files: Iterable[Where]) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for file in files:
        for key in (file.key, *keys.companions(file.key)):
            names.setdefault(file.place, []).append(keys.object_name(file.bucket, key))
    return names


def _has_room(place_name: str) -> bool:
    try:
        return places.place(place_name).has_room()
    except FAILURES:
        return True


def _try_to_write(place_name: str, name: str, source: BinaryIO, content_type: str) -> bool:
    try:
        places.place(place_name).write(name, source, content_type)
    except FAILURES as error:
        log.warning("The %s storage did not take %s: %s", place_name, name, error)
        return False
    return True


@contextlib.contextmanager
def _rewindable(file: BinaryIO) -> Iterator[BinaryIO]:
    """Yield a file that can be read twice: once to measure, and again for the second store."""
    if file.seekable():
        yield file
        return
    with tempfile.SpooledTemporaryFile(max_size=SPOOL) as spool:
        while chunk := file.read(CHUNK):
            spool.write(chunk)
        spool.seek(0)
        yield cast(BinaryIO, spool)


@contextlib.contextmanager
def _refused(name: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise Refused("file_missing") from error
    except FAILURES as error:
        log.warning("A storage did not answer for %s: %s", name, error)
        raise Refused("storage_refused") from error
