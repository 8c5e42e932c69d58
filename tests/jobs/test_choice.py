"""Which job a worker gets: operators' priorities with ageing, and the loaded model in its bound.
Not for the fair order itself: see test_leases.py.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from jobs import leases
from jobs.leases import Holder
from jobs.models import FairQueue, Job
from ourvidz.rows import as_service
from tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("presets")]


def waits(user: User, tag: float, preset: str = "a", cost: float = 1.0, **fields: Any) -> Job:
    wanted: dict[str, Any] = {
        "content_type": "image",
        "quality": "fast",
        "job_type": "x",
        "bucket_name": "x",
        "queue": "gpu.image",
        "prompt": "a castle",
        "seed": 1,
    }
    tags = {"start_tag": tag, "finish_tag": tag + cost, "cost": cost, "preset_slug": preset}
    with as_service("test data"):
        return Job.objects.create(user=user, **tags, **(wanted | fields))


def claim(worker: Holder, loaded: str = "") -> Job | None:
    with as_service("test"):
        return leases.claim_job(worker=worker, queues=["gpu.image"], presets=[], loaded=loaded)


def claims(worker: Holder, count: int, loaded: str = "") -> list[Any]:
    return [job.pk if (job := claim(worker, loaded)) else None for _ in range(count)]


def test_a_paused_job_is_not_claimed(user: User, worker: Holder) -> None:
    waits(user, 1, paused_at=timezone.now())
    second = waits(user, 2)
    assert claims(worker, 2) == [second.pk, None]


def test_priorities_go_first(user: User, other_user: User, worker: Holder) -> None:
    usual, urgent = waits(user, 1), waits(other_user, 9, priority=10)
    assert claims(worker, 2) == [urgent.pk, usual.pk]


def test_who_waits_long_takes_turns_with_priorities(
    user: User, other_user: User, worker: Holder, settings: Any
) -> None:
    settings.JOB_AGEING_SECONDS = 600
    urgent = [waits(other_user, 5 + n, priority=10).pk for n in range(6)]
    usual = [waits(user, n).pk for n in range(3)]
    assert claims(worker, 2) == urgent[:2], "Nobody has waited long."
    with as_service("test"):
        Job.objects.update(created_at=timezone.now() - timedelta(seconds=601))
    got = claims(worker, 7)
    assert sorted(got[0:6:2] + got[1:6:2], key=str) == sorted(urgent[2:5] + usual, key=str)
    for pair in (got[0:2], got[2:4], got[4:6]):
        assert len(set(pair) & set(usual)) == 1, "Every second claim is by the fair order."


def test_the_loaded_model_goes_a_little_before_its_turn(
    user: User, other_user: User, worker: Holder, settings: Any
) -> None:
    settings.JOB_AFFINITY_SECONDS = 10
    turn, loaded = waits(user, 0, "a"), waits(other_user, 8, "b", cost=2)
    assert claims(worker, 2, loaded="b") == [loaded.pk, turn.pk]
    with as_service("test"):
        # Those who come later stand behind the one whose turn it was, not behind the other.
        assert FairQueue.objects.get().virtual_time == 0


def test_no_further_behind_than_the_bound(
    user: User, other_user: User, worker: Holder, settings: Any
) -> None:
    settings.JOB_AFFINITY_SECONDS = 10
    turn, far = waits(user, 0, "a"), waits(other_user, 10.5, "b")
    assert claims(worker, 2, loaded="b") == [turn.pk, far.pk]


def test_a_stream_of_the_loaded_model_passes_by_for_the_bound_and_no_more(
    user: User, worker: Holder, settings: Any
) -> None:
    """New people come all the time, each with a job that the worker could begin at once."""
    settings.JOB_AFFINITY_SECONDS = 10
    turn = waits(user, 0, "a")
    passed = 0.0
    for _ in range(20):
        waits(UserFactory(), 0.5, "b", cost=3)
        job = claim(worker, loaded="b")
        assert job
        if job.pk == turn.pk:
            break
        passed += job.cost
    assert job.pk == turn.pk
    assert passed == 9, "Three of 3 s; a fourth would be more than 10."


@pytest.mark.parametrize("bound", [0, 4, 10])
def test_no_person_gains_more_than_the_bound_and_one_job(
    bound: float, worker: Holder, settings: Any
) -> None:
    """Two people always have work; whatever is loaded, their shares stay together."""
    settings.JOB_AFFINITY_SECONDS = bound
    first, second = UserFactory(), UserFactory()
    for n in range(30):
        waits(first, n * 2, "a", cost=2)
        waits(second, n * 2, "b", cost=2)
    got = {first.pk: 0.0, second.pk: 0.0}
    for _ in range(40):
        job = claim(worker, loaded="b")
        assert job
        got[job.user_id] += job.cost
        assert abs(got[first.pk] - got[second.pk]) <= bound + 2


def test_affinity_keeps_priorities(user: User, other_user: User, worker: Holder) -> None:
    urgent, loaded = waits(user, 5, "a", priority=1), waits(other_user, 5, "b")
    assert claims(worker, 2, loaded="b") == [urgent.pk, loaded.pk]
