"""What a worker holds: claiming the next job by fair order, keeping the lease alive, progress, and
what happens when a lease is lost. All of it runs as the service. Not for how a job ends: see
outcomes.py.

A worker is given here as its id and its name, since this app knows no registry.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from jobs import choice, fairness, history, limits, outcomes
from jobs.models import Job, JobQuerySet
from ourvidz import bulk, destinations, feed, live
from ourvidz.destinations import Failure
from ourvidz.errors import Refused

LEASED_FIELDS = ["status", "attempt", "worker", "started_at", "lease_expires_at"]
# How often a claim looks on when it finds a person's running jobs at their limit.
TRIES = 8

# Written out, since each claim needs it: Django takes longer to compose it than PostgreSQL to
# answer.
WAITS = """
    SELECT EXISTS (SELECT FROM jobs WHERE status = 'queued' AND paused_at IS NULL
        AND queue = ANY(%s))
"""


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

    An empty `presets` means any. Jobs of the model that is loaded may go a little before their
    turn: see choice.
    """
    now = now or timezone.now()
    with transaction.atomic():
        full = [person for person, room in limits.running_room().items() if not room]
        for attempt in range(TRIES):
            chosen = choice.next_job(
                ready(Job.objects.in_line(), now).exclude(user_id__in=full),
                choice.Wanted(queues=queues, presets=presets, loaded=loaded, now=now),
            )
            if chosen is None:
                return None
            if limits.room_now(chosen.job.user_id, wait=attempt == 0) != 0:
                _lease([chosen.job], worker, now)
                fairness.advance(chosen.turn)
                return chosen.job
            # Somebody else has just started one of that person's.
            full.append(chosen.job.user_id)
        return None


def claim_companions(
    *, worker: Holder, job: Job, most: int, now: datetime | None = None
) -> list[Job]:
    """Lease up to `most` more jobs that can be made in one batch with a claimed one.

    They come from the front of the same queue, in fair order: same preset and settings, each with
    its own prompt and seed. One that starts from a reference, or was tried before, is made alone.
    The fair clock stays at the first one's start, so that nobody is moved back by it.
    """
    if most < 1 or not _can_share(job) or not waits([job.queue]):
        return []
    now = now or timezone.now()
    with transaction.atomic():
        waiting = Job.objects.in_line().filter(queue=job.queue)
        front = list(ready(waiting, now).in_fair_order()[: choice.FRONT])
        alike = [one for one in front if _can_share(one) and _shape(one) == _shape(job)]
        allowed = [one.pk for one in islice(_within_limits(alike), most)]
        chosen = waiting.filter(pk__in=allowed).in_fair_order()
        found = list(chosen.select_for_update(skip_locked=True))
        _lease(found, worker, now)
    return found


def waits(queues: Sequence[str]) -> bool:
    """Say whether anything is left in these queues."""
    with connection.cursor() as cursor:
        cursor.execute(WAITS, [list(queues)])
        return cursor.fetchone()[0]


def extend_leases(
    *, worker: Holder, job_ids: Collection[uuid.UUID], now: datetime | None = None
) -> set[uuid.UUID]:
    """Keep running jobs with their worker. Returns those that it still holds and that are wanted.

    Written at most every third of the lease's length, and locked in the order of a report, which
    may come at the same moment.
    """
    now = now or timezone.now()
    held = Job.objects.filter(pk__in=job_ids, worker_id=worker.id, status=Job.Status.RUNNING)
    late = now + timedelta(seconds=settings.LEASE_SECONDS * 2 / 3)
    with transaction.atomic():
        due = held.filter(lease_expires_at__lt=late).order_by("pk").select_for_update()
        if ids := list(due.values_list("pk", flat=True)):
            Job.objects.filter(pk__in=ids).update(lease_expires_at=lease_end(now))
    return set(held.filter(cancel_requested_at=None).values_list("pk", flat=True))


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
    could = ready(Job.objects.in_line(), now)
    names = could.order_by("queue").values_list("queue", flat=True).distinct()
    return {
        name: list(could.filter(queue=name).in_fair_order().values_list("pk", flat=True)[:8])
        for name in names
    }


def lease_end(now: datetime) -> datetime:
    """Return when a lease that is given now is lost."""
    return now + timedelta(seconds=settings.LEASE_SECONDS)


def _can_share(job: Job) -> bool:
    """A job that ran out of memory once, or wants the same bytes always, is made alone."""
    first = job.attempt <= (1 if job.status == Job.Status.RUNNING else 0)
    return first and not job.references and not job.parameters.get("exact")


def _shape(job: Job) -> tuple[Any, ...]:
    """What jobs of one batch have in common: all but the words and the seeds."""
    settings_used = {k: v for k, v in job.parameters.items() if k != "variation_seed"}
    return job.preset_slug, job.preset_revision, sorted(settings_used.items(), key=str)


def ready(jobs: JobQuerySet, now: datetime) -> JobQuerySet:
    """Return those that are not backing off, and whose time to start is not over."""
    in_time = Q(start_by=None) | Q(start_by__gt=now) | Q(attempt__gt=0)
    return jobs.filter(in_time, Q(not_before=None) | Q(not_before__lte=now))


def _within_limits(jobs: Sequence[Job]) -> Iterator[Job]:
    """Leave out those that would be one too many of their person's."""
    room: dict[uuid.UUID, int | None] = {}
    for job in jobs:
        if job.user_id not in room:
            room[job.user_id] = limits.room_now(job.user_id, wait=False)
        left = room[job.user_id]
        if left != 0:
            room[job.user_id] = None if left is None else left - 1
            yield job


def _lease(jobs: Sequence[Job], worker: Holder, now: datetime) -> None:
    for job in jobs:
        job.status = Job.Status.RUNNING
        job.attempt += 1
        job.worker_id = worker.id
        job.started_at = now
        job.lease_expires_at = lease_end(now)
    bulk.write(jobs, LEASED_FIELDS)
    history.record_all(jobs, worker_name=worker.name)
    destinations.changed(jobs)
    transaction.on_commit(partial(live.set_holders, {job.pk: _held_by(job) for job in jobs}))


def _held_by(job: Job) -> dict[str, Any]:
    return {"worker": str(job.worker_id), "attempt": job.attempt, "user": str(job.user_id)}


def _remember_holder(worker: Holder, job_id: uuid.UUID, attempt: int) -> dict[str, Any]:
    """Redis forgot who holds the job (it was restarted): ask the row, once."""
    job = Job.objects.filter(
        pk=job_id, worker_id=worker.id, attempt=attempt, status=Job.Status.RUNNING
    ).first()
    if job is None:
        raise Refused("job_not_leased")
    holder = _held_by(job)
    live.set_holders({job_id: holder})
    return holder


def _take_back(job_id: uuid.UUID, now: datetime, of: JobQuerySet, code: str = "worker_lost") -> int:
    with transaction.atomic():
        job = of.select_for_update(skip_locked=True).filter(pk=job_id).first()
        if job is None:
            return 0
        outcomes.end_attempt(job, Failure(code=code), retryable=True, now=now)
        return 1
