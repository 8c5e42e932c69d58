"""How much one person may have waiting, running, and made in a day. The installation's settings
hold for everybody; an operator's row changes them for one. Not for throttles, which count requests.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Sum
from django.utils import timezone

from jobs.models import Job
from ourvidz.errors import Refused

DAY = timedelta(days=1)
WAIT_FOR = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
TRY_FOR = "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))"

OWN = "SELECT waiting, running, gpu_seconds FROM person_limits WHERE user_id = %s"
UNFINISHED = "SELECT count(*) FROM jobs WHERE user_id = %s AND status IN ('queued', 'running')"

# Running jobs are few: one for each worker, or a batch. 0 is no limit.
FULL = """
    SELECT held.user_id, held.running, coalesce(own.running, %(running)s)
    FROM (SELECT user_id, count(*) AS running FROM jobs WHERE status = 'running' GROUP BY user_id)
        AS held LEFT JOIN person_limits own ON own.user_id = held.user_id
    WHERE coalesce(own.running, %(running)s) > 0
"""


@dataclass(frozen=True)
class Limits:
    """At most so many jobs unfinished and running, and GPU seconds in a day; 0 is no limit."""

    waiting: int
    running: int
    gpu_seconds: int


@dataclass(frozen=True)
class Use:
    """What a person has unfinished, running, and used or asked for within the last day."""

    waiting: int
    running: int
    gpu_seconds: float


def limits_of(user: Any) -> Limits:
    """Return what holds for a person."""
    usual = (
        settings.JOBS_WAITING_PER_USER,
        settings.JOBS_RUNNING_PER_USER,
        settings.GPU_SECONDS_PER_DAY,
    )
    with connection.cursor() as cursor:
        cursor.execute(OWN, [getattr(user, "pk", user)])
        own = cursor.fetchone() or (None, None, None)
    kept = (all_ if one is None else one for one, all_ in zip(own, usual, strict=True))
    return Limits(*kept)


def use_of(user: Any, *, now: datetime | None = None) -> Use:
    """Return how much of it is used: what waits counts with what it is expected to take."""
    unfinished = Job.objects.for_user(user).unfinished()
    expected = unfinished.aggregate(total=Sum("cost"))["total"] or 0.0
    running = unfinished.filter(status=Job.Status.RUNNING).count()
    return Use(unfinished.count(), running, round(expected + _used(user, now), 2))


def check_room(user: Any, *, wanted: int, cost: float) -> None:
    """Raise Refused where so many more jobs, of so many GPU seconds together, are too much.

    Jobs that run share the first limit with those that wait: both are unfinished.
    """
    limits = limits_of(user)
    if limits.waiting and _unfinished(user) + wanted > limits.waiting:
        raise Refused("quota_waiting", limit=limits.waiting)
    if limits.gpu_seconds:
        used = use_of(user).gpu_seconds
        if used + cost > limits.gpu_seconds:
            raise Refused("quota_gpu_seconds", limit=limits.gpu_seconds, used=round(used))


def running_room() -> dict[uuid.UUID, int]:
    """Return how many more jobs may run, of each person who has a limit and runs something. As the
    service.
    """
    with connection.cursor() as cursor:
        cursor.execute(FULL, {"running": settings.JOBS_RUNNING_PER_USER})
        return {user_id: max(0, limit - held) for user_id, held, limit in cursor.fetchall()}


def room_now(user_id: uuid.UUID, *, wait: bool) -> int | None:
    """Return how many more jobs of a person may run, None for any, and let nobody else start one
    of theirs before this transaction is over. As the service.

    Whoever holds a lock of this kind already must not `wait` for another, or two could wait for
    each other; then a person who is being served elsewhere has no room.
    """
    limit = limits_of(user_id).running
    if not limit:
        return None
    take = WAIT_FOR if wait else TRY_FOR
    with connection.cursor() as cursor:
        cursor.execute(take, [f"running {user_id}"])
        if cursor.fetchone()[0] is False:
            return 0
    held = Job.objects.for_user(user_id).filter(status=Job.Status.RUNNING).count()
    return max(0, limit - held)


def _used(user: Any, now: datetime | None) -> float:
    since = (now or timezone.now()) - DAY
    recent = Job.objects.for_user(user).filter(finished_at__gt=since)
    return recent.aggregate(total=Sum("gpu_seconds"))["total"] or 0.0


def _unfinished(user: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(UNFINISHED, [getattr(user, "pk", user)])
        return cursor.fetchone()[0]
