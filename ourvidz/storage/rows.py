"""Which tables have files. Apps register theirs when they start, so that a file is found by its
row's id, as the person who asks, without this package knowing any app. Not for changing rows.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.text import slugify

from ourvidz.storage import keys

FIELDS = ("id", "bucket_name", "storage_path", "storage_place", "bytes", "sha256")
TITLE_LENGTH = 60


@dataclass(frozen=True)
class FileKind:
    """One table with files. `rows` returns all its rows as a QuerySet that knows `for_user`.

    `title` names the column that a downloaded file is called by. `removed(row)` tells the row's
    owner that a row whose time was over is gone; it runs as the service, in the row's transaction.
    """

    name: str
    rows: Callable[[], QuerySet[Any]]
    title: str
    removed: Callable[[Any], None]


@dataclass(frozen=True)
class FileRow:
    """A row's file, as the row describes it."""

    id: uuid.UUID
    bucket: str
    key: str
    place: str
    bytes: int | None
    sha256: str
    title: str

    @property
    def filename(self) -> str:
        """What the file is called on a person's own disk: the title's words, then the id's end."""
        words = slugify(self.title, allow_unicode=True)[:TITLE_LENGTH].strip("-_")
        return f"{words or 'ourvidz'}-{self.id.hex[-6:]}.{keys.extension_of(self.key)}"


_kinds: dict[str, FileKind] = {}
# Rows without files whose time can be over: what they are called, and which of them it is.
_expiring: dict[str, Callable[[datetime], QuerySet[Any]]] = {}


def register_expiring(name: str, expired: Callable[[datetime], QuerySet[Any]]) -> None:
    """Let the sweep remove rows without files: `expired(now)` are those whose time is over."""
    _expiring[name] = expired


def expiring() -> Iterable[Callable[[datetime], QuerySet[Any]]]:
    """Return what `register_expiring` was told."""
    return tuple(_expiring.values())


def register_files(
    name: str,
    rows: Callable[[], QuerySet[Any]],
    *,
    title: str,
    removed: Callable[[Any], None],
) -> None:
    """Announce a table with the columns of `ourvidz.stored.StoredFile` (see FileKind)."""
    _kinds[name] = FileKind(name, rows, title, removed)


def kinds() -> Iterable[FileKind]:
    """Return every registered table."""
    return tuple(_kinds.values())


def find_file(user: Any, row_id: uuid.UUID) -> FileRow | None:
    """Return the file of a row of this person's, whichever table holds it, or None. One query."""
    parts = [_file_of(kind, user, row_id) for kind in kinds()]
    if not parts:
        return None
    row = next(iter(parts[0].union(*parts[1:], all=True)), None)
    return FileRow(*row) if row else None


def keys_in_use(bucket: str, wanted: Iterable[str]) -> set[str]:
    """Return those of the keys that a row points at, among the rows that the caller may see."""
    found: set[str] = set()
    wanted = list(wanted)
    # The key's first part is the owner, on whom the tables have an index.
    owners = {owner for key in wanted if (owner := keys.owner_in(key))}
    for kind in kinds():
        rows = kind.rows().filter(user_id__in=owners, bucket_name=bucket, storage_path__in=wanted)
        found.update(rows.order_by().values_list("storage_path", flat=True))
    return found


def _file_of(kind: FileKind, user: Any, row_id: uuid.UUID) -> QuerySet[Any]:
    rows: Any = kind.rows()
    mine = rows.for_user(user).filter(pk=row_id).exclude(storage_path="")
    return mine.order_by().values_list(*FIELDS, kind.title)
