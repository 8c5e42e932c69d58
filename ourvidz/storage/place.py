"""What a store of files can do, whichever kind it is. Names are `<bucket>/<key>`. Not for choosing
between stores: `places.py` names them and `objects.py` decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from botocore.exceptions import BotoCoreError, ClientError

# What a store raises when it cannot do its work: full, read-only, away, not allowed.
FAILURES = (OSError, BotoCoreError, ClientError)

CHUNK = 256 * 1024
# A name is never written twice with other content, so whoever has a copy may keep it.
CACHE_CONTROL = "private, max-age=31536000, immutable"


@dataclass(frozen=True)
class Held:
    """An object as its store sees it. `changed_at` is aware: when the object got this name."""

    name: str
    bytes: int
    changed_at: datetime


class Place(Protocol):
    """One store. Every method may raise FAILURES; a missing object is a FileNotFoundError."""

    def write(self, name: str, source: BinaryIO, mime_type: str) -> None:
        """Store everything that `source` still has, all or nothing, replacing what was there."""

    def open(self, name: str) -> BinaryIO:
        """Return the object's bytes as a file to read from."""

    def copy(self, name: str, new_name: str) -> None:
        """Give the object a second name inside this store."""

    def delete(self, names: Iterable[str]) -> None:
        """Remove objects; those that are not there do not matter."""

    def held(self, name: str) -> Held | None:
        """Return what is known of an object, or None where there is none."""

    def walk(self) -> Iterator[Held]:
        """Go through every object of this store."""

    def has_room(self) -> bool:
        """Return whether another file is likely to fit in; True where that cannot be known."""

    def path(self, name: str) -> Path | None:
        """Return the file on this machine, or None for a store that hands out urls instead."""

    def signed_get(
        self, name: str, *, mime_type: str, disposition: str, signed_at: datetime, seconds: int
    ) -> str | None:
        """Return a url that reads the object for a while, or None for a store on this machine."""

    def signed_put(self, name: str, *, mime_type: str, seconds: int) -> str | None:
        """Return a url that writes the object for a while, or None for a store on this machine."""
