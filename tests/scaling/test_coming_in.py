"""Workers of pools: machines that enrol themselves, processes of this machine, and what an
autoscaler is told."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from ourvidz import live
from ourvidz.rows import as_service
from tests.scaling.conftest import PoolFactory
from workers import tasks
from workers.models import PoolMachine, WorkerPool, WorkerUrl
from workers.scaling.enrolment import issue_enrolment_token
from workers.scaling.providers.local import LocalProcesses

PREFIX = "test-machine-"


def enrolled(secret: str, name: str = "node-1") -> Any:
    """Say hello with a pool's token; the response."""
    headers = {"Authorization": f"Bearer {secret}"}
    return Client(headers=headers).post(
        "/api/v1/worker/enrol", {"name": name}, content_type="application/json"
    )


def registered(token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    body = {"queues": ["gpu.image"]}
    return (
        Client(headers=headers)
        .post("/api/v1/worker/register", body, content_type="application/json")
        .status_code
    )


def test_each_machine_becomes_a_worker_of_its_own(pool: WorkerPool) -> None:
    with as_service("test"):
        secret = issue_enrolment_token(pool=pool)
    first, second = enrolled(secret).json(), enrolled(secret, "node-2").json()
    assert (first["name"], second["name"]) == ("rented/node-1", "rented/node-2")
    assert registered(first["token"]) == registered(second["token"]) == 200


def test_a_machine_of_the_same_name_takes_over(pool: WorkerPool) -> None:
    with as_service("test"):
        secret = issue_enrolment_token(pool=pool)
    before, after = enrolled(secret).json(), enrolled(secret).json()
    assert before["worker_id"] == after["worker_id"]
    assert (registered(before["token"]), registered(after["token"])) == (401, 200)


def test_other_tokens_enrol_nobody(pool: WorkerPool) -> None:
    with as_service("test"):
        old = issue_enrolment_token(pool=pool)
        issue_enrolment_token(pool=pool)
    for secret in (old, "ovp_", "", "ovw_something"):
        assert enrolled(secret).status_code == 401
    with as_service("test"):
        assert not WorkerUrl.objects.exists()


def test_a_pools_token_does_nothing_else(pool: WorkerPool) -> None:
    with as_service("test"):
        secret = issue_enrolment_token(pool=pool)
    assert registered(secret) == 401


def test_the_command_makes_a_pool_and_prints_its_token(db: None, capsys: Any) -> None:
    call_command("worker_pool", "cluster")
    secret = capsys.readouterr().out.strip()
    assert enrolled(secret).status_code == 201
    with as_service("test"):
        assert WorkerPool.objects.get().provider == "kubernetes"


def test_an_autoscaler_hears_how_many(
    pool: WorkerPool, waiting: Callable[[int], Any], client_of: Any, staff: Any, user: Any
) -> None:
    waiting(3)
    found = client_of(staff).get("/api/v1/pools/rented/wanted")
    assert found.json() == {"pool": "rented", "wanted": 3, "reason": "work"}
    assert client_of(staff).get("/api/v1/pools/other/wanted").status_code == 404
    assert client_of(user).get("/api/v1/pools/rented/wanted").status_code == 403
    assert client_of(staff).get("/api/v1/pools").json()["results"][0]["name"] == "rented"


def test_a_pool_that_others_count_rents_nothing(
    pool: WorkerPool, waiting: Callable[[int], Any]
) -> None:
    with as_service("test"):
        WorkerPool.objects.update(provider="kubernetes")
    waiting(3)
    tasks.scale_pools.fn()
    with as_service("test"):
        assert WorkerPool.objects.get().wanted == 3
        assert not PoolMachine.objects.exists()


def test_only_one_process_at_a_time_sees_to_a_pool(
    pool: WorkerPool, waiting: Callable[[int], Any]
) -> None:
    waiting(1)
    with live.only_one(f"scale:{pool.pk}", 5) as mine:
        tasks.scale_pools.fn()
    with as_service("test"):
        assert mine and WorkerPool.objects.get().wanted == 0
    with live.only_one(f"scale:{pool.pk}", 5) as mine:
        assert mine, "the lock is given back"


@pytest.fixture
def processes() -> Any:
    """The provider of processes; whatever it started is stopped."""
    provider = LocalProcesses()
    yield provider
    for machine in provider.machines(PREFIX):
        provider.stop(machine.id)


def test_a_process_is_started_found_and_stopped(processes: Any) -> None:
    # Nobody answers at this address: a worker waits for its server.
    told = {"OURVIDZ_URL": "http://127.0.0.1:9", "OURVIDZ_WORKER_TOKEN": "ovw_none"}
    started = processes.start(f"{PREFIX}1", told)
    assert processes.machines(PREFIX) == [started]
    assert processes.machines("another-") == []
    processes.stop(started.id)
    assert processes.machines(PREFIX) == []
    processes.stop(started.id)  # one that is gone is no error
    processes.stop(str(os.getpid()))  # nor is a process that is none of ours


def test_a_process_that_dies_is_no_machine_any_more(processes: Any) -> None:
    started = processes.start(f"{PREFIX}2", {"OURVIDZ_URL": ""})
    until = time.monotonic() + 30
    while processes.machines(PREFIX) and time.monotonic() < until:
        time.sleep(0.1)
    assert started not in processes.machines(PREFIX)


def test_local_workers_learn_the_broker(pool: WorkerPool, settings: Any) -> None:
    from workers.scaling import rounds

    told = rounds.environment(PoolFactory.build(provider="local"), "ovw_token")
    assert told["OURVIDZ_BROKER_URL"] == settings.BROKER_URL
    assert set(told) & {"DATABASE_URL", "SECRET_KEY"} == set()
