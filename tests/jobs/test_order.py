"""Batches of the same moment keep their order, and the quota holds among them, with real commits
from several threads. Not for fairness between people: see test_places.py and test_leases.py.
"""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection

from accounts.models import User
from jobs.models import Job
from jobs.services import queue_job
from jobs.specs import JobSpec
from ourvidz.errors import Refused
from ourvidz.rows import as_service, as_user

pytestmark = pytest.mark.usefixtures("own_database", "empty_redis")
THREADS, COUNT = 4, 8


def queue_at_once(user: User) -> list[str]:
    """Queue a batch from each thread at the same moment; the codes of those that were refused."""
    start, refused = threading.Barrier(THREADS), []

    def work() -> None:
        spec = JobSpec(prompt="a castle", preset="starter-fast", count=COUNT)
        try:
            start.wait()
            with as_user(user):
                queue_job(user=user, spec=spec)
        except Refused as error:
            refused.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return refused


def test_batches_of_the_same_moment_do_not_mix(user: User) -> None:
    assert queue_at_once(user) == []
    with as_service("test"):
        line = list(Job.objects.in_fair_order().values_list("batch_id", "batch_index"))
    batches = [batch for batch, _index in line]
    assert [index for _batch, index in line] == list(range(COUNT)) * THREADS
    assert all(len(set(batches[i : i + COUNT])) == 1 for i in range(0, len(batches), COUNT))


def test_the_quota_holds_at_the_same_moment(user: User, settings: Any) -> None:
    settings.JOBS_WAITING_PER_USER = COUNT
    assert queue_at_once(user) == ["quota_waiting"] * (THREADS - 1)
