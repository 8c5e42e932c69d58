"""The registry's writes: tokens, registering, heartbeats, health. All of it runs as the service.
Not for what a worker does with a job: see results.py and jobs.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from accounts.tokens import digest
from jobs import leases
from jobs.models import Job
from jobs.outcomes import HANDED_BACK
from jobs.presets import note_installed
from ourvidz import feed, rows
from ourvidz.errors import Refused
from workers import history, quarantine, versions
from workers.models import WorkerUrl
from workers.tokens import new_secret

Status = WorkerUrl.Status

# What operators are shown of a worker.
SHOWN = ("id", "name", "status", "loaded_preset", "current_job_id")

# Written out, since each job needs them: Django takes longer to compose one than PostgreSQL to
# answer it, and would have to ask once more for what is shown.
NOTE_JOB = f"""
    UPDATE worker_urls SET current_job_id = %s, at_once = coalesce(%s, at_once),
        last_heartbeat_at = %s WHERE id = %s RETURNING {", ".join(SHOWN)}
"""
NOTE_ENDS = f"""
    UPDATE worker_urls SET
        current_job_id = CASE WHEN current_job_id = ANY(%s) THEN NULL ELSE current_job_id END,
        last_heartbeat_at = %s WHERE id = %s RETURNING {", ".join(SHOWN)}
"""

# In heartbeats that did not come.
UNHEALTHY_AFTER, GONE_AFTER = 3, 30
# In heartbeats, after which a worker has the answer to its claim, or never gets it.
KNOWN_AFTER = 2


@dataclass(frozen=True, kw_only=True)
class Description:
    """What a worker says of itself when it registers."""

    kind: str
    queues: list[str]
    presets: list[str]
    sources: list[str]
    loras: list[str]
    device: str
    memory_bytes: int | None
    version: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Beat:
    """What a worker says every few seconds: `status` is idle, busy or stopping."""

    status: str
    loaded_preset: str
    current_job_id: uuid.UUID | None
    job_ids: Sequence[uuid.UUID] = ()


@dataclass(frozen=True, kw_only=True)
class Orders:
    """What a worker is told in return: to take no more jobs, and which to give up."""

    drain: bool
    cancel: list[uuid.UUID]


def issue_worker_token(*, name: str, expires_at: datetime | None = None) -> str:
    """Make a worker of that name, or give the one there is a new token; return the secret.

    The secret is kept nowhere: only its digest is.
    """
    if not name.strip():
        raise Refused("name_empty", field="name")
    secret = new_secret()
    values = {"token_digest": digest(secret), "token_expires_at": expires_at}
    with transaction.atomic():
        worker, created = WorkerUrl.objects.get_or_create(name=name.strip(), defaults=values)
        if not created:
            WorkerUrl.objects.filter(pk=worker.pk).update(**values)
    return secret


def revoke_worker_token(*, worker_id: uuid.UUID) -> None:
    """Make a worker's token worthless. Its job, if any, is taken back when its lease ends."""
    digest_of_nothing = digest(new_secret())
    WorkerUrl.objects.filter(pk=worker_id).update(token_digest=digest_of_nothing)


def set_worker_status(*, worker_id: uuid.UUID, status: str) -> None:
    """Let an operator drain, disable or bring back a worker; brought back, it starts afresh."""
    changes = {"status": status, "failed_jobs": [], "quarantines": 0, "quarantined_until": None}
    others = WorkerUrl.objects.filter(pk=worker_id).exclude(status=status)
    if others.update(**changes):
        history.record([worker_id], status, "operator")
    tell(worker_id)


def register(*, worker: WorkerUrl, description: Description, now: datetime | None = None) -> None:
    """Write down what a worker that has just started is and can do.

    One that had a job in hand has crashed over it. Raises Refused('worker_version').
    """
    versions.check(description.version)
    now = now or timezone.now()
    status = Status.QUARANTINED if quarantine.is_in(worker, now) else Status.ACTIVE
    changes = {"loaded_preset": "", "current_job_id": None, "last_heartbeat_at": now}
    WorkerUrl.objects.filter(pk=worker.pk).update(**vars(description), status=status, **changes)
    history.record([worker.pk], status, "registered")
    leases.take_back_others(worker=holder(worker), now=now)
    if job_id := worker.current_job_id:
        quarantine.note_failure(worker=worker, job_id=job_id, code=quarantine.CRASHED, now=now)
    note_installed()
    tell(worker.pk)


def heartbeat(*, worker: WorkerUrl, beat: Beat, now: datetime | None = None) -> Orders:
    """Note that a worker lives, keep its jobs' leases, and tell it what it should stop doing."""
    now = now or timezone.now()
    status = _status_after(worker.status, beat.status)
    changes = {
        "status": status,
        "loaded_preset": beat.loaded_preset,
        "current_job_id": beat.current_job_id,
    }
    held = {*beat.job_ids, *([beat.current_job_id] if beat.current_job_id else [])}
    # Jobs first and then the worker's row, as a report does: the two may come at once.
    _take_back_unknown(worker, held, beat.status, now)
    # The row of each says whether it was canceled: Redis may have been restarted since.
    wanted = leases.extend_leases(worker=holder(worker), job_ids=held, now=now)
    WorkerUrl.objects.filter(pk=worker.pk).update(**changes, last_heartbeat_at=now)
    if any(getattr(worker, name) != value for name, value in changes.items()):
        tell(worker.pk)
    if status != worker.status:
        history.record([worker.pk], status, "stopping" if status == Status.GONE else "heard_again")
        note_installed()
    return Orders(drain=status == Status.DRAINING, cancel=sorted(held - wanted))


def note_job(
    *, worker: WorkerUrl, job: Job, at_once: int | None = None, now: datetime | None = None
) -> None:
    """Write down which job a worker has in hand, and how many alike ones it takes, if it knows."""
    _note(NOTE_JOB, [job.pk, at_once, now or timezone.now(), worker.pk])


def note_ends(*, worker: WorkerUrl, failures: Mapping[uuid.UUID, str]) -> None:
    """Write down that jobs have ended, each with the code of what went wrong, if anything did; the
    worker may already have the next ones in hand.
    """
    if "" in failures.values():
        quarantine.note_success(worker=worker)
    for job_id, failure in failures.items():
        if failure:
            quarantine.note_failure(worker=worker, job_id=job_id, code=failure)
    _note(NOTE_ENDS, [list(failures), timezone.now(), worker.pk])


def sweep_worker_health(*, now: datetime | None = None) -> int:
    """Mark the workers that were not heard of: unhealthy first, gone later; returns how many."""
    now = now or timezone.now()
    beat = timedelta(seconds=settings.HEARTBEAT_SECONDS)
    heard = [Status.ACTIVE, Status.DRAINING]
    gone = _silent([*heard, Status.UNHEALTHY], now - GONE_AFTER * beat)
    unhealthy = _silent(heard, now - UNHEALTHY_AFTER * beat)
    marked = _mark(gone, Status.GONE) + _mark(set(unhealthy) - set(gone), Status.UNHEALTHY)
    for worker_id in (released := quarantine.release_due(now=now)):
        tell(worker_id)
    if marked or released:
        note_installed()
    return marked


def holder(worker: WorkerUrl) -> leases.Holder:
    """Return the worker as the jobs app knows it."""
    return leases.Holder(id=worker.pk, name=worker.name)


def _status_after(status: str, said: str) -> str:
    """A worker that stops says good-bye; one that is heard again is active; draining is kept, and
    quarantine."""
    if said == "stopping":
        return Status.GONE
    return status if status in (Status.DRAINING, Status.QUARANTINED) else Status.ACTIVE


def _take_back_unknown(worker: WorkerUrl, held: set[uuid.UUID], said: str, now: datetime) -> None:
    """Give others what the worker was given and does not know of: at once when it goes, and after a
    while when it stays, since an answer may still be on its way.
    """
    known_by = now - KNOWN_AFTER * timedelta(seconds=settings.HEARTBEAT_SECONDS)
    leases.take_back_others(
        worker=holder(worker),
        held=held,
        claimed_before=None if said == "stopping" else known_by,
        code=HANDED_BACK,
        now=now,
    )


def _silent(statuses: Sequence[str], since: datetime) -> list[uuid.UUID]:
    silent = WorkerUrl.objects.filter(status__in=statuses, last_heartbeat_at__lt=since)
    return list(silent.values_list("pk", flat=True))


def _mark(workers: list[uuid.UUID] | set[uuid.UUID], status: str) -> int:
    count = WorkerUrl.objects.filter(pk__in=workers).update(status=status, current_job_id=None)
    history.record(workers, status, "silent")
    for worker_id in workers:
        tell(worker_id)
    return count


def tell(worker_id: uuid.UUID) -> None:
    """Show operators a worker as it is then, once this is committed; once, however often asked."""
    noted = [callback[1] for callback in connection.run_on_commit]
    shown = [each.args for each in noted if isinstance(each, partial) and each.func is _show]
    if (worker_id,) not in shown:
        transaction.on_commit(partial(_show, worker_id), robust=True)


def _show(worker_id: uuid.UUID) -> None:
    with rows.as_service("fleet"):
        worker = WorkerUrl.objects.filter(pk=worker_id).values_list(*SHOWN).first()
    if worker:
        _tell(worker)


def _note(statement: str, values: list[Any]) -> None:
    """Write to a worker's row, and show it to operators as the statement left it."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        for shown in cursor.fetchall():
            transaction.on_commit(partial(_tell, shown), robust=True)


def _tell(shown: Sequence[Any]) -> None:
    told = dict(zip(("worker", "name", "status", "loaded_preset", "job"), shown, strict=True))
    feed.staff_moment("fleet.worker", **{k: v for k, v in told.items() if v is not None})
