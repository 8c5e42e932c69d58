"""Rows that something new can start from, whichever table has them: an uploaded reference, an item,
media. Found by id, as the person who asks. Not for what is made of them: jobs decide that.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import CharField, Value

from ourvidz.storage import keys, rows

FIELDS = (
    "id",
    "bucket_name",
    "storage_path",
    "storage_place",
    "mime_type",
    "bytes",
    "sha256",
    "width",
    "height",
)


@dataclass(frozen=True)
class Source:
    """A person's row that is not in the bin. Sizes in bytes and pixels, None where nobody knows."""

    kind: str
    id: uuid.UUID
    bucket: str
    key: str
    place: str
    mime_type: str
    bytes: int | None
    sha256: str
    width: int | None
    height: int | None
    title: str

    @property
    def is_ready(self) -> bool:
        """Whether it has its file: one that is being made, or failed, has none."""
        return bool(self.key)

    @property
    def url(self) -> str:
        """The stable address of its file for its owner's pages."""
        return keys.media_path(self.id, "original", self.sha256)


def find_sources(user: Any, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Source]:
    """Return this person's rows of these ids, by id. One query; what is gone is left out."""
    wanted = set(ids)
    parts = [_rows(kind, user, wanted) for kind in rows.kinds()]
    if not wanted or not parts:
        return {}
    found = (Source(*row) for row in parts[0].union(*parts[1:], all=True))
    return {source.id: source for source in found}


def _rows(kind: rows.FileKind, user: Any, ids: set[uuid.UUID]) -> Any:
    table: Any = kind.rows()
    mine = table.for_user(user).filter(pk__in=ids, deleted_at=None)
    named = mine.annotate(source_kind=Value(kind.name, output_field=CharField()))
    return named.order_by().values_list("source_kind", *FIELDS, kind.title)
