"""What became of a worker: every change of its state with its reason, and the jobs it has lately
made. Not for changing a state: see services.py and health.py.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from django.utils import timezone

from jobs.models import Job
from workers.models import WorkerEvent

KEPT = timedelta(days=30)
LATELY = timedelta(hours=24)
MOST_EVENTS, MOST_JOBS = 50, 20
# Of each worker: enough for a median that means something.
MEASURED = 200


@dataclass(frozen=True)
class Speed:
    """What a worker did in the last 24 hours: jobs, how many failed, and the median of the seconds
    from claim to end, or None where it made none.
    """

    made: int = 0
    failed: int = 0
    seconds: float | None = None


def record(worker_ids: Iterable[uuid.UUID], status: str, reason: str) -> None:
    """Write down a state that workers have just taken."""
    WorkerEvent.objects.bulk_create(
        WorkerEvent(worker_id=worker_id, status=status, reason=reason) for worker_id in worker_ids
    )


def events(worker_id: uuid.UUID) -> list[WorkerEvent]:
    """Return a worker's latest states, the newest first."""
    return list(
        WorkerEvent.objects.filter(worker_id=worker_id).order_by("-created_at", "-id")[:MOST_EVENTS]
    )


def recent_jobs(worker_id: uuid.UUID) -> list[Job]:
    """Return the jobs that a worker has lately taken, the newest first; whose they are and what
    they show is nobody's business here.
    """
    columns = ("preset_slug", "status", "attempt", "started_at", "finished_at", "failure_code")
    taken = Job.objects.filter(worker_id=worker_id).only(*columns)
    return list(taken.order_by("-started_at")[:MOST_JOBS])


def speeds(worker_ids: Iterable[uuid.UUID], *, now: datetime | None = None) -> dict[Any, Speed]:
    """Return what each of the workers did lately, in one query."""
    since = (now or timezone.now()) - LATELY
    ended = Job.objects.filter(worker_id__in=list(worker_ids), finished_at__gt=since)
    rows = ended.order_by("-finished_at").values_list(
        "worker_id", "status", "started_at", "finished_at"
    )
    found: dict[Any, list[tuple[str, float]]] = {}
    for worker_id, status, started, finished in rows:
        seconds = (finished - started).total_seconds() if started else 0.0
        found.setdefault(worker_id, []).append((status, seconds))
    return {worker_id: _speed(ended) for worker_id, ended in found.items()}


def forget_old(*, now: datetime | None = None) -> int:
    """Delete states that are older than a month; returns how many."""
    return WorkerEvent.objects.filter(created_at__lt=(now or timezone.now()) - KEPT).delete()[0]


def _speed(ended: list[tuple[str, float]]) -> Speed:
    made = [seconds for status, seconds in ended if status == Job.Status.SUCCEEDED]
    failed = sum(status == Job.Status.FAILED for status, _seconds in ended)
    seconds = round(median(made[:MEASURED]), 1) if made else None
    return Speed(made=len(made), failed=failed, seconds=seconds)
