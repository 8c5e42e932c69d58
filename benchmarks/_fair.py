"""How long people wait behind one who fills the queue: real claims of workers on a clock of their
own, where each job takes as long as it is expected to. Not for how long a claim takes.
"""

from __future__ import annotations

import heapq
import random
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from benchmarks._report import median, report

MANY, OTHERS, WORKERS, ROUNDS = 1000, 9, 5, 5
PRESET, BATCH = "starter-fast", 16


def measure() -> None:
    """Let one person queue a thousand jobs, then nine people one each, five times."""
    waits: list[float] = []
    for seed in range(ROUNDS):
        waits += _round(random.Random(seed))
    report(
        f"one person has {MANY} jobs waiting, {OTHERS} people come with one each, {WORKERS} "
        "workers: the longest wait of the nine",
        value=max(waits),
        unit="job lengths",
        goal="<= 2",
        reference=f"median {median(waits):.2f}; in order of arrival it would be "
        f"{MANY / WORKERS:.0f}",
        samples=waits,
    )


def _round(chance: random.Random) -> list[float]:
    """One crowd; how long each of the nine waits, in job lengths."""
    length, come = _greedy(), chance.uniform(3, 30)
    holders, began = _holders(), timezone.now()
    others: dict[uuid.UUID, float | None] = {}
    free = [(number / WORKERS, number) for number in range(WORKERS)]
    while not others or None in others.values():
        at, number = heapq.heappop(free)
        if not others and at >= come:
            others = dict.fromkeys([_queue(_person(), 1) for _ in range(OTHERS)])
        person = _claim(holders[number], began + timedelta(seconds=at * length))
        if person in others:
            others[person] = at - come
        heapq.heappush(free, (at + 1, number))
    _empty()
    return [wait for wait in others.values() if wait is not None]


def _greedy() -> float:
    """Let one person fill the queue; returns how long a job takes, in seconds."""
    from jobs.models import Job
    from ourvidz import rows

    person = _person()
    for begin in range(0, MANY, BATCH):
        _queue(person, min(BATCH, MANY - begin))
    with rows.as_service("benchmark"):
        return Job.objects.filter(user=person)[0].cost


def _person() -> Any:
    from accounts.models import User
    from ourvidz import rows

    with rows.as_service("benchmark"):
        return User.objects.create_user(f"{uuid.uuid4().hex}@example.org")


def _queue(person: Any, count: int) -> uuid.UUID:
    from jobs.services import queue_job
    from jobs.specs import JobSpec
    from ourvidz import rows

    with rows.as_user(person):
        queue_job(user=person, spec=JobSpec(prompt="a castle", preset=PRESET, count=count))
    return person.pk


def _holders() -> list[Any]:
    from jobs.leases import Holder
    from ourvidz import rows
    from workers.models import WorkerUrl

    names = [f"fair-{number}" for number in range(WORKERS)]
    with rows.as_service("benchmark"):
        made = [WorkerUrl.objects.create(name=each, token_digest=each) for each in names]
    return [Holder(id=worker.pk, name=worker.name) for worker in made]


def _claim(holder: Any, now: datetime) -> uuid.UUID:
    """Take the next job and make it; returns whose it was."""
    from jobs.leases import claim_job
    from jobs.models import Job
    from ourvidz import rows

    with rows.as_service("benchmark"):
        job = claim_job(worker=holder, queues=["gpu.image"], presets=[], now=now)
        assert job is not None
        Job.objects.filter(pk=job.pk).update(status="succeeded", lease_expires_at=None)
        return job.user_id


def _empty() -> None:
    """Leave the queue as it was found."""
    from jobs.models import FairQueue, Job
    from ourvidz import rows
    from workers.models import WorkerUrl

    with rows.as_service("benchmark"):
        Job.objects.all().delete()
        FairQueue.objects.all().delete()
        WorkerUrl.objects.filter(name__startswith="fair-").delete()
