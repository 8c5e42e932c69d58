"""Rounds against a RunPod of our own: nothing is rented that nobody knows, nothing is kept that
nobody needs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from ourvidz.rows import as_service
from tests.scaling.runpod_server import Account
from workers import services
from workers.models import PoolMachine, WorkerPool, WorkerUrl
from workers.scaling import rounds
from workers.scaling.spending import spent_today
from workers.tokens import worker_of

NOW = timezone.now()
Queue = Callable[[int], list[Any]]


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def machines() -> list[PoolMachine]:
    with as_service("test"):
        return list(PoolMachine.objects.select_related("worker").order_by("pk"))


def scale(pool: WorkerPool, seconds: float = 0) -> WorkerPool:
    """One round so many seconds later; the pool as it then is."""
    rounds.scale(pool, after(seconds))
    with as_service("test"):
        pool.refresh_from_db()
    return pool


def heard(machine: PoolMachine, job: Any = None) -> None:
    """Its worker has registered, and works on a job."""
    with as_service("test"):
        WorkerUrl.objects.filter(pk=machine.worker_id).update(
            status="active", current_job_id=job and job.pk
        )


def test_work_rents_machines_that_can_come_in(
    pool: WorkerPool, runpod: Account, waiting: Queue, settings: Any
) -> None:
    settings.WORKERS_BROKER_URL = "redis://gpu:secret@broker:6379/0"
    waiting(3)
    assert scale(pool).wanted == 3
    pods = list(runpod.pods.values())
    assert len(pods) == 3
    told = pods[0]["env"]
    assert told["OURVIDZ_URL"] == settings.SITE_URL
    assert told["OURVIDZ_BROKER_URL"] == settings.WORKERS_BROKER_URL
    assert not any("DATABASE" in name or "SECRET" in name for name in told)
    with as_service("test"):
        workers = {worker_of(pod["env"]["OURVIDZ_WORKER_TOKEN"]) for pod in pods}
    assert workers == {machine.worker for machine in machines()}
    assert {float(machine.cost_per_hour) for machine in machines()} == {0.44}
    # They are on their way: no more are started for the same work.
    assert (scale(pool, 20).wanted, len(runpod.pods)) == (3, 3)


def test_without_work_they_are_given_back(
    pool: WorkerPool, runpod: Account, waiting: Queue, user: Any
) -> None:
    (job,) = waiting(1)
    scale(pool)
    heard(machines()[0])
    scale(pool, 10)
    assert machines()[0].status == "running"
    cancel(user, job)
    scale(pool, 20)
    scale(pool, 79)
    assert len(runpod.pods) == 1, "it was not wanted for 59 seconds only"
    scale(pool, 81)
    (machine,) = machines()
    assert (machine.status, len(runpod.pods)) == ("stopped", 0)
    assert machine.worker.status == "gone"
    with as_service("test"):
        assert spent_today(pool, after(3671)) == pytest.approx(0.44 * 81 / 3600)


def cancel(user: Any, job: Any) -> None:
    from jobs.services import cancel_job
    from ourvidz.rows import as_user

    with as_user(user):
        cancel_job(user=user, job_id=job.pk)


def test_one_that_works_is_drained_and_finishes(
    pool: WorkerPool, runpod: Account, waiting: Queue
) -> None:
    (job,) = waiting(1)
    scale(pool)
    heard(machines()[0], job)
    scale(pool, 1)
    with as_service("test"):
        WorkerPool.objects.update(is_enabled=False)
        # Its time runs out while it still has the job.
        PoolMachine.objects.update(status="draining")
    scale(pool, 2)
    assert len(runpod.pods) == 1
    with as_service("test"):
        services.note_ends(worker=machines()[0].worker, failures={job.pk: ""})
    scale(pool, 3)
    assert (len(runpod.pods), machines()[0].status) == (0, "stopped")


def test_sold_out_is_said_and_tried_again(
    pool: WorkerPool, runpod: Account, waiting: Queue
) -> None:
    waiting(1)
    runpod.sold_out = True
    assert "no instances currently available" in scale(pool).note
    assert machines()[0].status == "failed"
    runpod.sold_out = False
    scale(pool, 15)
    assert [machine.status for machine in machines()] == ["failed", "starting"]


def test_one_whose_start_was_never_answered_is_found_by_its_name(
    pool: WorkerPool, runpod: Account, waiting: Queue
) -> None:
    waiting(1)
    runpod.cut_after_create = True
    assert "cannot be reached" in scale(pool).note
    assert len(runpod.pods) == 1
    runpod.cut_after_create = False
    # Its row failed, so it is a machine that nobody needs; the work gets another.
    scale(pool, 15)
    assert len(runpod.pods) == 1
    assert [machine.status for machine in machines()] == ["failed", "starting"]


def test_other_peoples_pods_are_left_alone(
    pool: WorkerPool, runpod: Account, waiting: Queue
) -> None:
    runpod.pods["mine"] = {"id": "mine", "name": "ourvidz-rented", "status": "RUNNING"}
    waiting(1)
    scale(pool)
    assert "mine" in runpod.pods


@pytest.mark.parametrize("happens", ["gone", "broken", "silent"])
def test_a_machine_that_fails_is_replaced(
    pool: WorkerPool, runpod: Account, waiting: Queue, happens: str
) -> None:
    waiting(1)
    scale(pool)
    (pod,) = runpod.pods.values()
    if happens == "gone":
        runpod.pods.clear()
    elif happens == "broken":
        pod["status"] = "ERROR"
    scale(pool, 101 if happens == "silent" else 15)
    first, second = machines()
    assert (first.status, second.status, len(runpod.pods)) == ("failed", "starting", 1)
    assert first.failure


def test_the_days_budget_ends_it(pool: WorkerPool, runpod: Account, waiting: Queue) -> None:
    waiting(4)
    with as_service("test"):
        WorkerPool.objects.update(budget_per_day="0.25")
    assert (scale(pool).wanted, len(runpod.pods)) == (2, 2)
    for machine in machines():
        heard(machine)
    later = scale(pool, 3600)
    assert (later.wanted, later.note) == (0, rounds.REASONS["budget"])
    assert len(runpod.pods) == 0


@pytest.mark.parametrize(
    ("chosen", "says"),
    [({}, "lack image and gpu"), ({"image": "a", "gpu": "b", "gpus": 2}, "gpus, unknown")],
)
def test_wrong_settings_are_said_in_the_pool(
    pool: WorkerPool, runpod: Account, chosen: Any, says: str
) -> None:
    with as_service("test"):
        WorkerPool.objects.update(settings=chosen)
    assert says in scale(pool).note


def test_a_missing_key_is_said(pool: WorkerPool, settings: Any) -> None:
    settings.RUNPOD_API_KEY = ""
    assert "RUNPOD_API_KEY" in scale(pool).note


def test_a_refused_key_is_said(pool: WorkerPool, runpod: Account, settings: Any) -> None:
    settings.RUNPOD_API_KEY = "another"
    assert "401" in scale(pool).note
