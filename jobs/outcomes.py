"""How an attempt ends: with a result, with a reason, or back in the queue. All of it runs as the
service. Not for checking a worker's file: the workers app does that before it calls here.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from jobs import history, measures, queue, services
from jobs.models import Job
from jobs.webhooks.services import note_ends
from ourvidz import bulk, destinations, live
from ourvidz.destinations import Failure, Output
from ourvidz.errors import Refused

if TYPE_CHECKING:
    from jobs.leases import Holder

REQUEUED_FIELDS = ["status", "worker_id", "lease_expires_at", "not_before", "max_attempts"]
HANDED_BACK = "worker_handed_back"
# What every attempt would end with, whatever a worker says of it; all else may pass elsewhere or
# later: a network, a storage, a worker that died, a memory that was full.
CANNOT_PASS = frozenset(
    {
        "bad_parameters",
        "family_unknown",
        "lora_broken",
        "lora_incompatible",
        "lora_missing",
        "output_too_large",
        "prompt_tokens",
        "reference_missing",
        "reference_unreadable",
        "too_long",
        "weights_unsafe",
    }
)
# The longest pause between two attempts, in seconds; and the least share of it, so that what failed
# together does not come back together.
LONGEST_PAUSE, LEAST_SHARE = 600.0, 0.8
FINISHED_FIELDS = ["status", "finished_at", "lease_expires_at", "timings", "gpu_seconds"]
FAILED_FIELDS = ["status", "finished_at", "lease_expires_at", "failure_code", "failure_params"]
NOT_STARTED = "not_started"


@dataclass(frozen=True, kw_only=True)
class Made:
    """What an attempt made."""

    job_id: uuid.UUID
    attempt: int
    output: Output


def finish_jobs(*, worker: Holder, made: Sequence[Made]) -> list[Job]:
    """Take the results of different jobs, in as many statements as of one. Returns those that hold:
    without attempts that are over. Repeating the call of an attempt that succeeded changes nothing.
    """
    with transaction.atomic():
        held = _held_all(worker, made)
        fresh = [(job, each.output) for job, each in held if job.status == Job.Status.RUNNING]
        _succeed([job for job, _ in fresh], [output.timings for _, output in fresh], worker.name)
        destinations.deliver(fresh)
    return [job for job, _ in held]


def _held_all(worker: Holder, made: Sequence[Made]) -> list[tuple[Job, Made]]:
    """Lock and return the jobs that the worker holds, or that these very attempts have made."""
    wanted = {each.job_id: each for each in made}
    jobs = Job.objects.filter(pk__in=wanted, worker_id=worker.id).order_by("pk")
    good = (Job.Status.RUNNING, Job.Status.SUCCEEDED)
    return [
        (job, wanted[job.pk])
        for job in jobs.select_for_update()
        if job.attempt == wanted[job.pk].attempt and job.status in good
    ]


def _succeed(jobs: Sequence[Job], timings: Sequence[dict[str, float]], worker_name: str) -> None:
    now = timezone.now()
    for job, taken in zip(jobs, timings, strict=True):
        job.status = Job.Status.SUCCEEDED
        job.finished_at = now
        job.lease_expires_at = None
        job.timings = taken
        job.gpu_seconds += measures.worked(taken)
    bulk.write(jobs, FINISHED_FIELDS)
    history.record_all(jobs, worker_name=worker_name)
    note_ends(jobs)
    transaction.on_commit(partial(live.clear, *(job.pk for job in jobs)))


def fail_job(
    *, worker: Holder, job_id: uuid.UUID, attempt: int, failure: Failure, retryable: bool
) -> Job:
    """End an attempt without a result: try again later where that can help, else give the reason.

    The failure code 'canceled' ends the job as canceled. Raises Refused('job_not_leased').
    """
    with transaction.atomic():
        job = _held(worker, job_id, attempt)
        if job.status == Job.Status.RUNNING:
            end_attempt(
                job, failure, retryable=retryable, now=timezone.now(), worker_name=worker.name
            )
        return job


def end_attempt(
    job: Job, failure: Failure, *, retryable: bool, now: datetime, worker_name: str = ""
) -> None:
    """Decide what becomes of a running job whose attempt failed. The caller holds the row's
    lock.
    """
    _note_use(job, now)
    if failure.code == "canceled" or job.cancel_requested_at is not None:
        services.end_canceled(job)
    elif failure.code == HANDED_BACK:
        # Somebody stopped the worker: not the job's fault, so it costs no attempt and no pause.
        job.max_attempts += 1
        _requeue(job, failure, now, worker_name, pause=0)
    elif _may_pass(failure, retryable) and job.attempt < job.max_attempts:
        _requeue(job, failure, now, worker_name)
    else:
        _fail(job, failure, now, worker_name)


def give_up_late(*, now: datetime | None = None) -> int:
    """End the jobs that have not started by the time that their owners gave; returns how many."""
    now = now or timezone.now()
    late = Job.objects.waiting().filter(start_by__lte=now, attempt=0)
    count = 0
    for job_id in list(late.values_list("pk", flat=True)[:1000]):
        with transaction.atomic():
            job = late.select_for_update(skip_locked=True).filter(pk=job_id).first()
            if job is not None:
                _fail(job, Failure(code=NOT_STARTED), now, "")
                count += 1
    return count


def requeue_job(*, job_id: uuid.UUID) -> Job:
    """Queue a job that ended without a result once more, with a fresh set of attempts. For
    operators.

    Raises Refused('job_finished') where it succeeded, Refused('not_found') where there is none.
    """
    with transaction.atomic():
        job = Job.objects.select_for_update().filter(pk=job_id).first()
        if job is None:
            raise Refused("not_found")
        if job.status == Job.Status.SUCCEEDED:
            raise Refused("job_finished")
        job.max_attempts = job.attempt + settings.JOB_MAX_ATTEMPTS
        job.cancel_requested_at = job.finished_at = job.start_by = job.paused_at = None
        job.failure_code, job.failure_params = "", {}
        job.save(
            update_fields=[
                "max_attempts",
                "cancel_requested_at",
                "start_by",
                "paused_at",
                "finished_at",
                "failure_code",
                "failure_params",
            ]
        )
        _requeue(job, Failure(code="requeued"), timezone.now(), "", pause=0)
        return job


def _note_use(job: Job, now: datetime) -> None:
    """An attempt without a result kept the GPU too, from its start to its end."""
    if job.started_at is not None:
        job.gpu_seconds += max(0.0, (now - job.started_at).total_seconds())
        job.save(update_fields=["gpu_seconds"])


def _held(worker: Holder, job_id: uuid.UUID, attempt: int) -> Job:
    """Lock and return a job that the worker holds, or one that this very attempt has failed."""
    job = Job.objects.select_for_update().filter(pk=job_id).first()
    if job is None or job.worker_id != worker.id or job.attempt != attempt:
        raise Refused("job_not_leased")
    if job.status not in (Job.Status.RUNNING, Job.Status.FAILED, Job.Status.CANCELED):
        raise Refused("job_not_leased")
    return job


def pause_after(attempt: int) -> float:
    """Return the seconds until the next attempt: doubled each time, a fifth of it by chance."""
    plain = min(LONGEST_PAUSE, settings.JOB_BACKOFF_SECONDS * 2.0 ** min(attempt - 1, 30))
    return plain * random.uniform(LEAST_SHARE, 1.0)


def _may_pass(failure: Failure, retryable: bool) -> bool:
    return retryable and failure.code not in CANNOT_PASS


def _requeue(
    job: Job, failure: Failure, now: datetime, worker_name: str, pause: float | None = None
) -> None:
    if pause is None:
        pause = pause_after(job.attempt)
    job.status = Job.Status.QUEUED
    job.worker_id = None
    job.lease_expires_at = None
    job.not_before = now + timedelta(seconds=pause) if pause else None
    job.save(update_fields=REQUEUED_FIELDS)
    history.record(job, worker_name=worker_name, reason=failure.code, params=failure.params)
    destinations.changed([job])
    transaction.on_commit(partial(live.clear, job.pk))
    if not pause:
        transaction.on_commit(partial(queue.ring, job.queue, job.pk), robust=True)


def _fail(job: Job, failure: Failure, now: datetime, worker_name: str) -> None:
    params = {**failure.params, "attempts": job.attempt}
    job.status = Job.Status.FAILED
    job.finished_at = now
    job.lease_expires_at = None
    job.failure_code = failure.code
    job.failure_params = params
    job.save(update_fields=FAILED_FIELDS)
    history.record(job, worker_name=worker_name, reason=failure.code, params=params)
    note_ends([job])
    destinations.get(job.destination).fail(job, Failure(code=failure.code, params=params))
    transaction.on_commit(partial(live.clear, job.pk))
