"""A RunPod of our own, a pool of its machines, and people whose jobs wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from accounts.models import User
from jobs.models import Job
from jobs.services import queue_job
from jobs.specs import JobSpec
from ourvidz.rows import as_service, as_user
from tests.factories import Factory
from tests.scaling.runpod_server import KEY, Account, RunPodServer
from tests.workers.conftest import PresetFactory
from workers.models import WorkerPool


class PoolFactory(Factory):
    """Up to four RunPod machines, started for what should be made within ten seconds."""

    class Meta:
        model = WorkerPool

    name = "rented"
    provider = "runpod"
    is_enabled = True
    queues = ["gpu.image"]
    maximum = 4
    target_wait_seconds = 10
    idle_seconds = 60
    cool_down_seconds = 0
    start_seconds = 100
    cost_per_hour = "0.40"
    settings = {"image": "ghcr.io/ourvidz/gpu:1", "gpu": "NVIDIA GeForce RTX 4090"}


@pytest.fixture
def runpod(settings: Any) -> Iterator[Account]:
    """RunPod, empty; our settings lead there."""
    server = RunPodServer()
    settings.RUNPOD_API_URL, settings.RUNPOD_API_KEY = server.url, KEY
    yield server.account
    server.close()


@pytest.fixture
def pool(db: None) -> WorkerPool:
    with as_service("test"):
        PresetFactory(expected_seconds=10.0)
        return PoolFactory()


@pytest.fixture
def waiting(pool: WorkerPool, user: User) -> Callable[[int], list[Job]]:
    """Queue so many jobs of about ten GPU seconds each."""

    def queue(count: int) -> list[Job]:
        with as_user(user):
            spec = JobSpec(prompt="a castle", preset="tiny", destination="workspace", count=count)
            return list(queue_job(user=user, spec=spec))

    return queue
