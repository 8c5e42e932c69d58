"""How far the times that waiting people are told are from what then comes: a queue of two models is
filled, everybody is told when their jobs start and are ready, and then real claims are made by
workers on a clock of their own, whose jobs take as long as expected give or take a fifth; once one
by one, and once by workers that take alike jobs at once. Not for what a claim costs: see queue.py.
"""

from __future__ import annotations

import heapq
import random
import uuid
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.utils import timezone

from benchmarks._report import percentile, report

PEOPLE, JOBS, WORKERS = 12, 120, 3
BATCH = 4
SECONDS = {"starter-fast": 4.0, "starter-high": 12.0}
LOADING = 6.0
SPREAD = 0.2


class Happened(NamedTuple):
    """When a job started (with loading its model) and was ready, in seconds from the beginning."""

    start: float
    ready: float


def measure() -> None:
    """Print the error of both times, in seconds and as a share of the wait."""
    for at_once in (1, BATCH):
        chance = random.Random(7)
        people = _fill(chance, at_once)
        told = _told(people)
        happened = _work(chance, at_once)
        _errors(told, happened, f", {at_once} at once" if at_once > 1 else "")
        _empty()


def _errors(told: dict[str, dict[str, float]], happened: dict[str, Happened], how: str) -> None:
    for which, name in (("start", "start"), ("seconds", "ready")):
        errors, shares = [], []
        for job_id, came in happened.items():
            real = getattr(came, name)
            errors.append(abs(told[job_id][which] - real))
            shares.append(100 * errors[-1] / max(real, 1.0))
        report(
            f"error of the expected {name} of {JOBS} jobs on {WORKERS} workers{how}, median",
            value=round(percentile(errors, 0.5), 1),
            unit="s",
            goal="<= 15",
            reference=f"p95 {percentile(errors, 0.95):.1f} s; {percentile(shares, 0.5):.0f} % of "
            f"the wait, p95 {percentile(shares, 0.95):.0f} %",
            samples=errors,
        )


def _fill(chance: random.Random, at_once: int) -> list[Any]:
    from accounts.models import User
    from jobs.models import Preset
    from jobs.services import queue_job
    from jobs.specs import JobSpec
    from ourvidz import rows
    from workers.models import WorkerUrl

    with rows.as_service("benchmark"):
        people = [
            User.objects.create_user(f"{uuid.uuid4().hex}@example.org") for _ in range(PEOPLE)
        ]
        for slug, seconds in SECONDS.items():
            Preset.objects.filter(slug=slug).update(
                expected_seconds=seconds, measured_seconds=None, measured_load_seconds=LOADING
            )
        for number in range(WORKERS):
            name = f"clock-{number}"
            WorkerUrl.objects.create(
                name=name,
                token_digest=name,
                status="active",
                queues=["gpu.image"],
                at_once=at_once,
            )
    for _ in range(JOBS):
        person, preset = chance.choice(people), chance.choice(list(SECONDS))
        with rows.as_user(person):
            queue_job(user=person, spec=JobSpec(prompt="a castle", preset=preset))
    return people


def _told(people: list[Any]) -> dict[str, dict[str, float]]:
    from jobs.places import places
    from ourvidz import rows

    with rows.as_service("benchmark"):
        found = places([person.pk for person in people])
    return {job: place for person in found.values() for job, place in person["places"].items()}


def _work(chance: random.Random, at_once: int) -> dict[str, Happened]:
    """Let the workers claim, each when it is free, until nothing waits."""
    from jobs.leases import Holder
    from ourvidz import rows
    from workers.models import WorkerUrl

    with rows.as_service("benchmark"):
        found = WorkerUrl.objects.filter(name__startswith="clock-").order_by("name")
        holders = [Holder(id=one.pk, name=one.name) for one in found]
    began = timezone.now()
    happened: dict[str, Happened] = {}
    free = [(0.0, number, "") for number in range(len(holders))]
    while free:
        at, number, loaded = heapq.heappop(free)
        jobs = _claim(holders[number], loaded, at_once, began + timedelta(seconds=at))
        if not jobs:
            continue
        loading = 0.0 if loaded == jobs[0].preset_slug else LOADING * _about(chance)
        ready = at + loading + sum(job.cost * _about(chance) for job in jobs)
        happened |= {str(job.pk): Happened(at, ready) for job in jobs}
        heapq.heappush(free, (ready, number, jobs[0].preset_slug))
    return happened


def _claim(worker: Any, loaded: str, at_once: int, now: datetime) -> list[Any]:
    """Claim as the worker protocol does; what is claimed is done at once."""
    from jobs.leases import claim_companions, claim_job
    from jobs.models import Job
    from ourvidz import rows

    with rows.as_service("benchmark"):
        job = claim_job(worker=worker, queues=["gpu.image"], presets=[], loaded=loaded, now=now)
        if job is None:
            return []
        most = at_once if loaded in ("", job.preset_slug) else 1
        jobs = [job, *claim_companions(worker=worker, job=job, most=most - 1, now=now)]
        done = Job.objects.filter(pk__in=[one.pk for one in jobs])
        done.update(status="succeeded", lease_expires_at=None)
    return jobs


def _about(chance: random.Random) -> float:
    return chance.lognormvariate(0, SPREAD)


def _empty() -> None:
    """Leave the queue as it was found."""
    from jobs.models import FairQueue, Job
    from ourvidz import rows
    from workers.models import WorkerUrl

    with rows.as_service("benchmark"):
        Job.objects.all().delete()
        FairQueue.objects.all().delete()
        WorkerUrl.objects.filter(name__startswith="clock-").delete()
