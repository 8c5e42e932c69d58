"""That the line is played through as it is then claimed: the times that are told are those that
come when every job takes what is expected of it. Not for how people are told: see test_places.py.
"""

from __future__ import annotations

import heapq
import random
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.models import User
from jobs import leases, places
from jobs.crew import Crew, Hand, Waiting
from jobs.leases import Holder
from jobs.models import Job, Preset
from jobs.services import queue_job
from jobs.specs import JobSpec
from ourvidz.rows import as_service, as_user
from workers.models import WorkerUrl

JOBS, WORKERS, LOADING = 24, 2, 5.0
SECONDS = {"starter-fast": 3.0, "starter-high": 8.0}


@pytest.mark.django_db
@pytest.mark.usefixtures("presets", "empty_redis")
@pytest.mark.parametrize("at_once", [1, 3])
def test_what_is_told_is_what_comes(
    user: User, other_user: User, staff: User, at_once: int
) -> None:
    people = [user, other_user, staff]
    fill(people, random.Random(at_once))
    workers = crew_of(at_once)
    with as_service("test"):
        told = places.places([person.pk for person in people])
    expected = {job: at for one in told.values() for job, at in one["places"].items()}
    came = work(workers, at_once, timezone.now())
    assert len(came) == JOBS
    for job_id, (start, ready) in came.items():
        assert expected[job_id]["start"] == pytest.approx(start, abs=0.11)
        assert expected[job_id]["seconds"] == pytest.approx(ready, abs=0.11)


def fill(people: list[User], chance: random.Random) -> None:
    """Queue jobs of two models and several sizes for several people."""
    with as_service("test data"):
        for slug, seconds in SECONDS.items():
            Preset.objects.filter(slug=slug).update(
                expected_seconds=seconds, measured_load_seconds=LOADING
            )
    for _ in range(JOBS):
        person, preset = chance.choice(people), chance.choice(list(SECONDS))
        steps = {"steps": chance.choice([10, 20])}
        with as_user(person):
            queue_job(user=person, spec=JobSpec(prompt="a", preset=preset, parameters=steps))


def crew_of(at_once: int) -> list[Holder]:
    with as_service("test data"):
        made = [
            WorkerUrl.objects.create(
                name=f"gpu-{number}",
                token_digest=f"{number}",
                status="active",
                queues=["gpu.image"],
                at_once=at_once,
            )
            for number in range(WORKERS)
        ]
    return [Holder(id=one.pk, name=one.name) for one in made]


def work(workers: list[Holder], at_once: int, began: datetime) -> dict[str, Any]:
    """Claim for real, each worker when it is free; returns when each job started and was ready."""
    came: dict[str, Any] = {}
    free = [(0.0, number, "") for number in range(len(workers))]
    while free:
        at, number, loaded = heapq.heappop(free)
        jobs = claim(workers[number], loaded, at_once, began + timedelta(seconds=at))
        if not jobs:
            continue
        preset = jobs[0].preset_slug
        ready = at + (LOADING if loaded != preset else 0.0) + sum(job.cost for job in jobs)
        came |= {str(job.pk): (at, ready) for job in jobs}
        heapq.heappush(free, (ready, number, preset))
    return came


def claim(worker: Holder, loaded: str, at_once: int, now: datetime) -> list[Job]:
    with as_service("test"):
        wanted: dict[str, Any] = {"queues": ["gpu.image"], "presets": [], "loaded": loaded}
        job = leases.claim_job(worker=worker, **wanted, now=now)
        if job is None:
            return []
        most = at_once - 1 if loaded in ("", job.preset_slug) else 0
        jobs = [job, *leases.claim_companions(worker=worker, job=job, most=most, now=now)]
        Job.objects.filter(pk__in=[one.pk for one in jobs]).update(
            status="succeeded", lease_expires_at=None
        )
    return jobs


def crew(*hands: Hand, affinity: float = 10.0) -> Crew:
    return Crew(hands, {"a": 5.0, "b": 5.0}, affinity)


def hand(loaded: str = "a", at_once: int = 1, *queues: str) -> Hand:
    return Hand(uuid4(), queues or ("q",), loaded, at_once)


def test_a_loaded_model_goes_first_within_the_bound() -> None:
    line = [Waiting("q", "b", 4.0, tag=0.0)]
    line += [Waiting("q", "a", 4.0, tag=float(tag)) for tag in (1, 2, 3)]
    # Two jobs of four seconds are less than ten; a third would be more.
    assert crew(hand()).play(line) == [(8.0, 17.0), (0.0, 4.0), (4.0, 8.0), (17.0, 26.0)]


@pytest.mark.parametrize(
    "other",
    [
        Waiting("q", "a", 4.0, tag=11.0),
        Waiting("q", "a", 11.0, tag=1.0),
        Waiting("q", "a", 4.0, tag=1.0, priority=-1),
        Waiting("other", "a", 4.0, tag=1.0),
    ],
)
def test_nothing_goes_first_outside_of_it(other: Waiting) -> None:
    played = crew(hand("a", 1, "q", "other")).play([Waiting("q", "b", 4.0), other])
    assert played[0] == (0.0, 9.0)


def test_one_that_was_passed_over_long_enough_is_not_again() -> None:
    line = [Waiting("q", "b", 4.0, passed_over=8.0), Waiting("q", "a", 4.0, tag=1.0)]
    assert crew(hand()).play(line) == [(0.0, 9.0), (9.0, 18.0)]


def test_alike_jobs_are_made_at_once() -> None:
    line = [Waiting("q", "a", 4.0, likeness=one) for one in ("x", "y", "x", "x", None)]
    played = crew(hand(at_once=2)).play(line)
    assert played == [(0.0, 8.0), (8.0, 12.0), (0.0, 8.0), (12.0, 16.0), (16.0, 20.0)]


def test_another_model_is_loaded_for_one_alone() -> None:
    line = [Waiting("q", "b", 4.0, likeness="x") for _ in range(3)]
    assert crew(hand(at_once=2)).play(line) == [(0.0, 9.0), (9.0, 17.0), (9.0, 17.0)]


def test_a_worker_keeps_to_its_presets() -> None:
    only_b = Hand(uuid4(), ("q",), "b", presets=("b",))
    line = [
        Waiting("q", "a", 4.0),
        Waiting("q", "b", 4.0, tag=1.0),
        Waiting("q", "b", 4.0, tag=2.0),
    ]
    assert crew(only_b).play(line) == [None, (0.0, 4.0), (4.0, 8.0)]
    foreign = Hand(uuid4(), ("q",), "a", presets=("b",))
    assert crew(foreign).play(line) == [None, (0.0, 9.0), (9.0, 13.0)]
    assert crew(only_b, hand("a")).play(line) == [(0.0, 4.0), (0.0, 4.0), (4.0, 8.0)]


def test_what_nobody_serves_has_no_time() -> None:
    line = [Waiting("q", "a", 4.0), Waiting("nobody", "a", 4.0)]
    assert crew(hand()).play(line) == [(0.0, 4.0), None]
    assert crew().play(line) == [None, None]
