"""Pools with real machines, which here are processes: the queue starts one, it makes the job, and
it is stopped again; and one that comes by itself with a pool's token."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jobs.models import Job
from ourvidz.embedded import processes
from ourvidz.rows import as_service
from tests.scaling.conftest import PoolFactory
from tests.site import LiveSite, wait_until
from tests.workers.conftest import PresetFactory
from workers.models import PoolMachine, WorkerPool, WorkerUrl
from workers.scaling import rounds
from workers.scaling.enrolment import issue_enrolment_token
from workers.scaling.providers.local import LocalProcesses

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(600)]

START = 240.0  # seconds: a process imports torch first


@pytest.fixture
def pool(live_site: LiveSite, settings: Any, tiny_model: Path) -> Iterator[WorkerPool]:
    """A pool of one process; none is left behind."""
    settings.SITE_URL = live_site.url
    PresetFactory(source=str(tiny_model))
    with as_service("test"):
        made = PoolFactory(provider="local", maximum=1, settings={}, idle_seconds=0)
    yield made
    provider = LocalProcesses()
    for machine in provider.machines(rounds.prefix(made)):
        provider.stop(machine.id)


def status(job: Job) -> str:
    with as_service("test"):
        return Job.objects.get(pk=job.pk).status


def test_the_queue_starts_a_machine_and_stops_it(
    pool: WorkerPool, queue: Callable[..., list[Job]]
) -> None:
    [job] = queue()
    rounds.scale(pool)
    wait_until(lambda: status(job) == "succeeded", START, "a machine came and made the job")

    def over() -> bool:
        rounds.scale(pool)
        with as_service("test"):
            return PoolMachine.objects.get().status == "stopped"

    wait_until(over, 60, "the machine is given back")
    assert LocalProcesses().machines(rounds.prefix(pool)) == []
    with as_service("test"):
        assert WorkerUrl.objects.get().status == "gone"


def test_a_machine_comes_with_its_pools_token(
    pool: WorkerPool, live_site: LiveSite, queue: Callable[..., list[Job]]
) -> None:
    with as_service("test"):
        secret = issue_enrolment_token(pool=pool)
    told = {"OURVIDZ_URL": live_site.url, "OURVIDZ_POOL_TOKEN": secret, "OURVIDZ_DEVICE": "cpu"}
    live_site.spawn("pooled", processes.gpu_worker(), **told)
    [job] = queue()
    wait_until(lambda: status(job) == "succeeded", START, "it enrolled and made the job")
    with as_service("test"):
        assert WorkerUrl.objects.get().name.startswith("rented/")
