"""Which of the waiting jobs a worker gets. Not for leasing it: see leases.py.

1. Operators' priorities, and within one the fair order (see fairness).
2. Ageing: once any job has waited for JOB_AGEING_SECONDS, every second claim goes by the fair order
   alone, so that a stream of jobs with priority leaves half of the machines' time to everybody.
3. Affinity: a job of the model that is loaded may go before the one whose turn it is, since loading
   costs time. The bound, with A = JOB_AFFINITY_SECONDS of GPU time: it stands at most A behind in
   the fair order, so no other person gains more than A and one job on anybody; and the one whose
   turn it is, is passed over for at most A altogether, so it is never kept waiting by a stream.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F

from jobs import fairness
from jobs.models import Job, JobQuerySet

# How far from the front of a queue others are looked for: companions, and those of a loaded model.
FRONT = 64


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a worker can do, and what it has loaded. No `presets` means any."""

    queues: Sequence[str]
    presets: Sequence[str]
    loaded: str
    now: datetime


@dataclass(frozen=True)
class Choice:
    """A locked job, and the start tag of the one whose turn it was: the clock goes no further."""

    job: Job
    turn: float


def next_job(ready: JobQuerySet, wanted: Wanted) -> Choice | None:
    """Lock and return the next of these jobs for a worker. Runs as the service."""
    if wanted.presets:
        ready = ready.filter(preset_slug__in=wanted.presets)
    first = _first(ready, wanted, "-priority", "start_tag", "id")
    if first is None:
        return None
    if first.priority > 0 and _somebody_waits_long(ready, wanted):
        first = _first(ready, wanted, "start_tag", "id") or first
    loaded = _of_loaded_model(ready, first, wanted.loaded)
    return Choice(loaded or first, first.start_tag)


def _first(ready: JobQuerySet, wanted: Wanted, *order: str) -> Job | None:
    """Lock the first job of each queue and return the first of those. Both orders have an index,
    so that the cost does not grow with the number that wait."""
    found = []
    for name in wanted.queues:
        head = ready.filter(queue=name).order_by(*order)
        if job := head.select_for_update(skip_locked=True).first():
            found.append(job)
    by_priority = order[0] == "-priority"
    key = lambda job: (-job.priority if by_priority else 0, job.start_tag, job.pk)  # noqa: E731
    return min(found, key=key, default=None)


def _somebody_waits_long(ready: JobQuerySet, wanted: Wanted) -> bool:
    """Say whether this claim is one that ageing takes."""
    if fairness.claims() % 2 == 0:
        return False
    long_ago = wanted.now - timedelta(seconds=settings.JOB_AGEING_SECONDS)
    return ready.filter(queue__in=wanted.queues, created_at__lte=long_ago).exists()


def _of_loaded_model(ready: JobQuerySet, first: Job, loaded: str) -> Job | None:
    """Lock and return a job of the loaded model that may go before its turn, within the bound."""
    left = settings.JOB_AFFINITY_SECONDS - first.passed_over
    if not loaded or first.preset_slug == loaded or left <= 0:
        return None
    front = ready.filter(queue=first.queue, priority=first.priority).in_fair_order()
    last = first.start_tag + settings.JOB_AFFINITY_SECONDS
    near = front.values_list("pk", "preset_slug", "start_tag", "cost")[:FRONT]
    able = [pk for pk, slug, tag, cost in near if slug == loaded and tag <= last and cost <= left]
    job = front.filter(pk__in=able).select_for_update(skip_locked=True).first() if able else None
    if job is not None:
        Job.objects.filter(pk=first.pk).update(passed_over=F("passed_over") + job.cost)
    return job
