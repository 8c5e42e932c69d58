"""What a worker holds: claiming the next job by fair order, keeping the lease alive, progress, and
what happens when a lease is lost. All of it runs as the service. Not for how a job ends: see
outcomes.py.

A worker is given here as its id and its name, since this app knows no registry.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from jobs import fairness, history, outcomes
from jobs.models import Job, JobQuerySet
from ourvidz import destinations, feed, live
from ourvidz.destinations import Failure
from ourvidz.errors import Refused

# How far from the front of a queue companions are looked for.
FRONT = 64


@dataclass(frozen=True, kw_only=True)
class Holder:
    """Who holds a job: a worker's id and name."""

    id: uuid.UUID
    name: str


def claim_job(
    *,
    worker: Holder,
    queues: Sequence[str],
    presets: Sequence[str],
    loaded: str = "",
    now: datetime | None = None,
) -> Job | None:
    """Lease the next job in fair order that this worker can do, or return None.

    An empty `presets` means any. Among jobs with equal tags the loaded preset's goes first.
    """
    now = now or timezone.now()
    with transaction.atomic():
        heads = [head for name in queues if (head := _head(name, presets, loaded, now))]
        if not heads:
            return None
        job = min(heads, key=lambda head: (-head.priority, head.start_tag, head.pk))
        _lease(job, worker, now)
        return job


def claim_companions(
    *, worker: Holder, job: Job, most: int, now: datetime | None = None
) -> list[Job]:
    """Lease up to `most` more jobs that can be made in one batch with a claimed one.

    They come from the front of the same queue, in fair order: same preset and settings, each with
    its own prompt and seed. One that starts from a reference, or was tried before, is made alone.
    The fair clock stays at the first one's start, so that nobody is moved back by it.
    """
    if most < 1 or not _can_share(job):
        return []
    now = now or timezone.now()
    with transaction.atomic():
        waiting = Job.objects.waiting().filter(queue=job.queue)
        front = list(_ready(waiting, now).in_fair_order()[:FRONT])
        alike = [one.pk for one in front if _can_share(one) and _shape(one) == _shape(job)]
        chosen = waiting.filter(pk__in=alike[:most]).in_fair_order()
        found = list(chosen.select_for_update(skip_locked=True))
        for one in found:
            _lease(one, worker, now, advance=False)
    return found


def extend_lease(*, worker: Holder, job_id: uuid.UUID, now: datetime | None = None) -> bool:
    """Keep a running job with its worker. Returns False where it no longer holds it.

    Written at most every third of the lease's length.
    """
    now = now or timezone.now()
    held = Job.objects.filter(pk=job_id, worker_id=worker.id, status=Job.Status.RUNNING)
    late = now + timedelta(seconds=settings.LEASE_SECONDS * 2 / 3)
    if held.filter(lease_expires_at__lt=late).update(lease_expires_at=lease_end(now)):
        return True
    return held.exists()


def record_progress(
    *, worker: Holder, job_id: uuid.UUID, attempt: int, step: int, of: int, preview: str = ""
) -> bool:
    """Show how far a job is; returns whether it should stop. Nothing is written to the database.

    `preview` is a data url. Raises Refused('job_not_leased') for an attempt that is over.
    """
    holder = live.holder(job_id) or _remember_holder(worker, job_id, attempt)
    if (holder["worker"], holder["attempt"]) != (str(worker.id), attempt):
        raise Refused("job_not_leased")
    live.set_progress(job_id, step=step, of=of, preview=preview)
    feed.moment(holder["user"], "job.progress", job=job_id, step=step, of=of, preview=preview)
    return live.cancel_requested(job_id)


def sweep_leases(*, now: datetime | None = None) -> int:
    """Take back the jobs of workers that were not heard of in time; returns how many."""
    now = now or timezone.now()
    lost = Job.objects.filter(status=Job.Status.RUNNING, lease_expires_at__lt=now)
    count = 0
    for job_id in list(lost.values_list("pk", flat=True)[:1000]):
        count += _take_back(job_id, now, lost)
    return count


def take_back_others(
    *,
    worker: Holder,
    held: Collection[uuid.UUID] = (),
    claimed_before: datetime | None = None,
    code: str = "worker_lost",
    now: datetime | None = None,
) -> int:
    """Take back what a worker does not have in hand, though its lease still runs: its process has
    started anew or says good-bye, or the answer to its claim was lost on the way. Returns how many.
    """
    now = now or timezone.now()
    found = Job.objects.filter(status=Job.Status.RUNNING, worker_id=worker.id)
    found = found.exclude(pk__in=held)
    if claimed_before is not None:
        found = found.filter(started_at__lt=claimed_before)
    ids = list(found.values_list("pk", flat=True))
    return sum(_take_back(job_id, now, found, code) for job_id in ids)


def waiting_bells(*, now: datetime | None = None) -> dict[str, list[uuid.UUID]]:
    """Return, for each queue, a few jobs that could be claimed now: their doorbell may be lost."""
    now = now or timezone.now()
    ready = _ready(Job.objects.waiting(), now)
    names = ready.order_by("queue").values_list("queue", flat=True).distinct()
    return {
        name: list(ready.filter(queue=name).in_fair_order().values_list("pk", flat=True)[:8])
        for name in names
    }


def lease_end(now: datetime) -> datetime:
    """Return when a lease that is given now is lost."""
    return now + timedelta(seconds=settings.LEASE_SECONDS)


def _head(queue: str, presets: Sequence[str], loaded: str, now: datetime) -> Job | None:
    """Lock and return the first job of one queue. The index `jobs_fair_order` has exactly this
    order, so the cost does not grow with the number that wait."""
    ready = _ready(Job.objects.waiting().filter(queue=queue), now)
    if presets:
        ready = ready.filter(preset_slug__in=presets)
    first = ready.in_fair_order().select_for_update(skip_locked=True).first()
    if first is None or not loaded or first.preset_slug == loaded:
        return first
    equal = ready.filter(
        priority=first.priority, start_tag=first.start_tag, preset_slug=loaded
    ).in_fair_order()
    return equal.select_for_update(skip_locked=True).first() or first


def _can_share(job: Job) -> bool:
    """A job that ran out of memory once, or wants the same bytes always, is made alone."""
    first = job.attempt <= (1 if job.status == Job.Status.RUNNING else 0)
    return first and not job.references and not job.parameters.get("exact")


def _shape(job: Job) -> tuple[Any, ...]:
    """What jobs of one batch have in common: all but the words and the seeds."""
    settings_used = {k: v for k, v in job.parameters.items() if k != "variation_seed"}
    return job.preset_slug, job.preset_revision, sorted(settings_used.items(), key=str)


def _ready(jobs: JobQuerySet, now: datetime) -> JobQuerySet:
    return jobs.filter(Q(not_before=None) | Q(not_before__lte=now))


def _lease(job: Job, worker: Holder, now: datetime, advance: bool = True) -> None:
    job.status = Job.Status.RUNNING
    job.attempt += 1
    job.worker_id = worker.id
    job.started_at = now
    job.lease_expires_at = lease_end(now)
    job.save(
        update_fields=["status", "attempt", "worker_id", "started_at", "lease_expires_at"],
    )
    if advance:
        fairness.advance(job.start_tag)
    history.record(job, worker_name=worker.name)
    destinations.get(job.destination).changed(job)
    transaction.on_commit(partial(_set_holder, job))


def _set_holder(job: Job) -> None:
    live.set_holder(job.pk, worker=str(job.worker_id), attempt=job.attempt, user=str(job.user_id))


def _remember_holder(worker: Holder, job_id: uuid.UUID, attempt: int) -> dict[str, Any]:
    """Redis forgot who holds the job (it was restarted): ask the row, once."""
    job = Job.objects.filter(
        pk=job_id, worker_id=worker.id, attempt=attempt, status=Job.Status.RUNNING
    ).first()
    if job is None:
        raise Refused("job_not_leased")
    holder: dict[str, Any] = {
        "worker": str(worker.id),
        "attempt": attempt,
        "user": str(job.user_id),
    }
    live.set_holder(job_id, **holder)
    return holder


def _take_back(job_id: uuid.UUID, now: datetime, of: JobQuerySet, code: str = "worker_lost") -> int:
    with transaction.atomic():
        job = of.select_for_update(skip_locked=True).filter(pk=job_id).first()
        if job is None:
            return 0
        outcomes.end_attempt(job, Failure(code=code), retryable=True, now=now)
        return 1
