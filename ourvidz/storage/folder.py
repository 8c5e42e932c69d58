"""A store in a folder of this machine: files appear whole or not at all. Not for serving them
(`ourvidz/files.py`) and not for shared network drives without atomic renames.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from ourvidz.storage.place import CHUNK, Held

# Half-written files wait here; `walk` shows them, so that the sweep takes what a crash left behind.
INCOMING = "incoming"
# Free bytes from which a result fits in, long videos too.
ROOM = 64 * 1024 * 1024


class FolderPlace:
    """Keeps `<root>/<bucket>/<key>`. Names come from `keys.object_name` and so cannot leave it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, name: str, source: BinaryIO, mime_type: str) -> None:
        with self._new_file(name) as file:
            shutil.copyfileobj(source, file, CHUNK)

    def open(self, name: str) -> BinaryIO:
        return self.path(name).open("rb")

    def copy(self, name: str, new_name: str) -> None:
        """Hard-link the file, which costs nothing; copy the bytes where links are not possible."""
        source, target = self.path(name), self.path(new_name)
        temporary = self._temporary()
        try:
            try:
                os.link(source, temporary)
            except FileNotFoundError:
                raise
            except OSError:
                shutil.copyfile(source, temporary)
            self._put_in_place(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)

    def delete(self, names: Iterable[str]) -> None:
        for name in names:
            path = self.path(name)
            path.unlink(missing_ok=True)
            self._remove_empty_parents(path)

    def held(self, name: str) -> Held | None:
        try:
            return _held(name, self.path(name).stat())
        except (FileNotFoundError, NotADirectoryError):
            return None

    def walk(self) -> Iterator[Held]:
        for folder, _folders, files in os.walk(self.root):
            for file in files:
                path = Path(folder, file)
                with contextlib.suppress(FileNotFoundError):
                    yield _held(path.relative_to(self.root).as_posix(), path.stat())

    def has_room(self) -> bool:
        there = next(each for each in (self.root, *self.root.parents) if each.exists())
        disk = shutil.disk_usage(there)
        # What is no disk at all has no size.
        return not disk.total or disk.free >= ROOM

    def path(self, name: str) -> Path:
        return self.root / name

    def signed_get(
        self, name: str, *, mime_type: str, disposition: str, signed_at: datetime, seconds: int
    ) -> None:
        return None

    def signed_put(self, name: str, *, mime_type: str, seconds: int) -> None:
        return None

    @contextlib.contextmanager
    def _new_file(self, name: str) -> Iterator[BinaryIO]:
        temporary = self._temporary()
        try:
            with temporary.open("xb") as file:
                yield file
                file.flush()
                # The row that will speak of this file is on disk when it is committed: so is this.
                os.fsync(file.fileno())
            self._put_in_place(temporary, self.path(name))
        finally:
            temporary.unlink(missing_ok=True)

    def _temporary(self) -> Path:
        folder = self.root / INCOMING
        folder.mkdir(parents=True, exist_ok=True)
        return folder / uuid.uuid4().hex

    def _put_in_place(self, temporary: Path, target: Path) -> None:
        # Twice at most: a sweep may remove an empty folder between making it and using it.
        for last in (False, True):
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                temporary.replace(target)
                return
            except FileNotFoundError:
                if last:
                    raise

    def _remove_empty_parents(self, path: Path) -> None:
        for parent in path.parents:
            if parent == self.root or not parent.is_relative_to(self.root):
                return
            try:
                parent.rmdir()
            except OSError:
                return


def _held(name: str, found: os.stat_result) -> Held:
    # A hard link keeps the old time of change; the inode's own time tells when the name was given.
    changed = max(found.st_mtime, found.st_ctime)
    return Held(name, found.st_size, datetime.fromtimestamp(changed, UTC))
