"""Where a job's result goes, as the few things a job needs from it. The workspace and the library
register theirs, so that jobs and workers know neither. Not for storing files.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ourvidz import storage


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where a worker puts a job's file: the seed's bucket and key. The thumbnail lies beside it."""

    bucket: str
    key: str


@dataclass(frozen=True, kw_only=True)
class Output:
    """A file that a worker made and that lies in the storage already. Sizes in bytes and pixels,
    duration in seconds. Of a video there may be a poster and a preview loop beside it."""

    target: Target
    place: str
    mime_type: str
    bytes: int
    sha256: str
    width: int
    height: int
    duration: float | None = None
    fps: float | None = None
    frames: int | None = None
    has_thumbnail: bool = True
    has_preview: bool = False
    thumbhash: str = ""
    timings: dict[str, float] = field(default_factory=dict)

    def columns(self, row_id: uuid.UUID) -> dict[str, Any]:
        """Return the columns of `ourvidz.stored.StoredFile` for the row that gets this file."""
        return {
            "storage_path": self.target.key,
            "bucket_name": self.target.bucket,
            "storage_place": self.place,
            "url": self._url(row_id, "original"),
            "thumbnail_url": self._url(row_id, "thumbnail") if self.has_thumbnail else "",
            "preview_url": self._url(row_id, "preview") if self.has_preview else "",
            "mime_type": self.mime_type,
            "bytes": self.bytes,
            "sha256": self.sha256,
            "width": self.width,
            "height": self.height,
            "duration": self.duration,
            "fps": self.fps,
            "frames": self.frames,
            "thumbhash": self.thumbhash,
        }

    def _url(self, row_id: uuid.UUID, variant: str) -> str:
        return storage.media_path(row_id, variant, self.sha256)


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a job has no result: the code of a sentence, and what fills it."""

    code: str
    params: dict[str, Any] = field(default_factory=dict)


class Destination(Protocol):
    """What a job needs from the place its result goes to. All run inside the job's transaction."""

    name: str

    def room(self, user: Any, wanted: uuid.UUID | None) -> dict[str, Any]:
        """Find the room that a batch goes to, or make one: {'workspace_session': its row},
        {'project_id': its id} or, in no project, nothing.

        Raises Refused where `wanted` is not the person's.
        """

    def prepare(self, jobs: Sequence[Any]) -> None:
        """Make room: write a placeholder for each job of a new batch."""

    def targets(self, jobs: Sequence[Any], extension: str) -> list[Target]:
        """Say where each job's file goes."""

    def changed(self, jobs: Sequence[Any]) -> None:
        """The jobs started, or wait again: tell the page."""

    def edited(self, job: Any) -> None:
        """What the job is to make was changed while it waits: show it so."""

    def deliver(self, made: Sequence[tuple[Any, Output]]) -> None:
        """Take the result of each job. Repeating it changes nothing."""

    def fail(self, job: Any, failure: Failure) -> None:
        """The job ended without a result."""


_destinations: dict[str, Destination] = {}


# Called with every new batch, when its placeholders are there: for what else belongs to it.
_followers: list[Callable[[Sequence[Any]], None]] = []


def follow(follower: Callable[[Sequence[Any]], None]) -> None:
    """Let an app hear of new batches, inside their transaction and as whoever queued them."""
    _followers.append(follower)


def announce(jobs: Sequence[Any]) -> None:
    """Tell the followers of a new batch."""
    for follower in _followers:
        follower(jobs)


def register(destination: Destination) -> None:
    """Make a destination known by its name."""
    _destinations[destination.name] = destination


def changed(jobs: Sequence[Any]) -> None:
    """Tell each destination of those of its jobs that started, or wait again."""
    for name, theirs in _by_destination(jobs, lambda job: job):
        get(name).changed(theirs)


def deliver(made: Sequence[tuple[Any, Output]]) -> None:
    """Give each destination the results of its jobs."""
    for name, theirs in _by_destination(made, lambda pair: pair[0]):
        get(name).deliver(theirs)


def _by_destination(
    listed: Sequence[Any], job_of: Callable[[Any], Any]
) -> Iterator[tuple[str, list[Any]]]:
    names = {job_of(each).destination for each in listed}
    for name in sorted(names):
        yield name, [each for each in listed if job_of(each).destination == name]


def get(name: str) -> Destination:
    """Return the destination of that name. Raises KeyError where no app registered it."""
    return _destinations[name]
