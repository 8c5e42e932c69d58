"""Presets, a worker and results for tests of a job's life. Not for HTTP: tests/api and
tests/workers do that.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from jobs.leases import Holder
from jobs.models import Job
from jobs.presets import sync_presets
from ourvidz import destinations, rows, storage
from ourvidz.destinations import Output
from workers.models import WorkerUrl

PICTURE = b"\x89PNG and what follows"


@pytest.fixture
def presets(database: None) -> None:
    """The presets of the declarative file."""
    with rows.as_service("test data"):
        sync_presets()


@pytest.fixture
def worker(database: None) -> Holder:
    return new_worker("cpu-1")


@pytest.fixture
def other_worker(database: None) -> Holder:
    return new_worker("cpu-2")


def new_worker(name: str) -> Holder:
    with rows.as_service("test data"):
        made = WorkerUrl.objects.create(name=name, token_digest=name, status="active")
    return Holder(id=made.pk, name=name)


@pytest.fixture
def uploaded() -> Callable[[Job], Output]:
    """Return a function that stores a file where the job's worker would, and describes it."""

    def upload(job: Job) -> Output:
        target = destinations.get(job.destination).targets([job], "png")[0]
        stored = storage.save(target.bucket, target.key, io.BytesIO(PICTURE), "image/png")
        return Output(
            target=target,
            place=stored.place,
            mime_type="image/png",
            bytes=stored.bytes,
            sha256=stored.sha256,
            width=256,
            height=256,
            timings={"denoise": 1.0},
        )

    return upload
