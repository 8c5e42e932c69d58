"""A worker that fails job after job is broken, or its machine is: it gets no more for a while, then
one to try, and goes back for twice as long if that fails too (no longer, where a store refused).
Not for jobs, which are tried again elsewhere.

Only failures that are a worker's own count, of different jobs, with no success in between. A person
whose settings make every job fail puts nobody out of the way of others: fair order brings others'
jobs in between, and their success counts.
"""

from __future__ import annotations

import logging
import uuid
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from workers import history
from workers.models import WorkerUrl

log = logging.getLogger(__name__)
Status = WorkerUrl.Status

FAILURES = 5
FIRST, LONGEST = timedelta(minutes=1), timedelta(hours=1)
CRASHED = "worker_crashed"
# What says something of the worker rather than of the job.
BLAMED = frozenset(
    {
        "engine_error",
        "model_broken",
        "model_missing",
        "output_missing",
        "output_wrong",
        "storage_refused",
        CRASHED,
    }
)
# Of those, what may lie at the site itself, and so hit every worker at once.
SHARED = frozenset({"output_missing", "storage_refused"})


def note_success(*, worker: WorkerUrl) -> None:
    """A job was made: what went wrong before is forgotten."""
    if worker.failed_jobs or worker.quarantines:
        WorkerUrl.objects.filter(pk=worker.pk).update(failed_jobs=[], quarantines=0)


def note_failure(
    *, worker: WorkerUrl, job_id: uuid.UUID, code: str, now: datetime | None = None
) -> bool:
    """An attempt failed; returns whether that puts its worker into quarantine."""
    if code not in BLAMED:
        return False
    with transaction.atomic():
        row = WorkerUrl.objects.select_for_update().filter(pk=worker.pk).first()
        if row is None or job_id in row.failed_jobs:
            return False
        row.failed_jobs = [*row.failed_jobs, job_id][-FAILURES:]
        row.save(update_fields=["failed_jobs"])
        if len(row.failed_jobs) < FAILURES or row.status != Status.ACTIVE:
            return False
        _put_in(row, now or timezone.now(), code)
        return True


def is_in(worker: WorkerUrl, now: datetime) -> bool:
    """Say whether a worker has to wait, whatever state it was in meanwhile."""
    return worker.quarantined_until is not None and worker.quarantined_until > now


def release_due(*, now: datetime | None = None) -> list[uuid.UUID]:
    """Let those whose time is over try one job; returns which."""
    over = WorkerUrl.objects.filter(
        status=Status.QUARANTINED, quarantined_until__lte=now or timezone.now()
    )
    ids = list(over.values_list("pk", flat=True))
    for worker in WorkerUrl.objects.filter(pk__in=ids):
        # One more failure is enough.
        worker.failed_jobs = worker.failed_jobs[-(FAILURES - 1) :]
        worker.status, worker.quarantined_until = Status.ACTIVE, None
        worker.save(update_fields=["failed_jobs", "status", "quarantined_until"])
    history.record(ids, Status.ACTIVE, "quarantine_over")
    return ids


def _put_in(worker: WorkerUrl, now: datetime, code: str) -> None:
    length = min(LONGEST, FIRST * 2 ** min(worker.quarantines, 10))
    worker.status = Status.QUARANTINED
    if code in SHARED:
        # A store that is away is away for all: they look again soon, and are back when it is.
        length = FIRST
    else:
        worker.quarantines = min(worker.quarantines + 1, 1000)
    worker.quarantined_until = now + length
    worker.save(update_fields=["status", "quarantines", "quarantined_until"])
    history.record([worker.pk], Status.QUARANTINED, code)
    log.warning("Worker %s is in quarantine for %s: %s", worker.name, length, code)
