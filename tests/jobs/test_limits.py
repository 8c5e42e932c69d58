"""What one person may have: waiting, running, and GPU seconds a day; for everybody, and as an
operator allows one. Not for throttles.
"""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from jobs import leases, limits, outcomes
from jobs.leases import Holder
from jobs.models import Job, PersonLimit, Preset
from jobs.services import queue_job
from jobs.specs import JobSpec
from ourvidz.destinations import Failure
from ourvidz.errors import Refused
from ourvidz.rows import as_service, as_user
from tests.jobs.conftest import new_worker


def ask(user: User, **changes: Any) -> list[Job]:
    wanted: dict[str, Any] = {"prompt": "a castle", "preset": "starter-fast"}
    with as_user(user):
        return queue_job(user=user, spec=JobSpec(**(wanted | changes)))


def claim(worker: Holder) -> Job | None:
    with as_service("test"):
        return leases.claim_job(worker=worker, queues=["gpu.image"], presets=[])


def allow(user: User, **limits: int) -> None:
    with as_service("test"):
        PersonLimit.objects.update_or_create(user=user, defaults=limits)


@pytest.mark.django_db
@pytest.mark.usefixtures("presets")
class TestLimits:
    def test_an_operator_allows_one_person_more_or_less(
        self, user: User, other_user: User, settings: Any
    ) -> None:
        settings.JOBS_WAITING_PER_USER = 2
        allow(user, waiting=4)
        ask(user, count=4)
        with pytest.raises(Refused, match="4 jobs waiting"):
            ask(user)
        with pytest.raises(Refused, match="2 jobs waiting"):
            ask(other_user, count=3)

    def test_no_limit_is_none(self, user: User, settings: Any) -> None:
        settings.JOBS_WAITING_PER_USER = 1
        allow(user, waiting=0)
        assert len(ask(user, count=8)) == 8

    def test_only_so_many_run_at_once(
        self, user: User, other_user: User, worker: Holder, settings: Any
    ) -> None:
        settings.JOBS_RUNNING_PER_USER = 2
        ask(user, count=4)
        (theirs,) = ask(other_user)
        claimed = [claim(worker) for _ in range(4)]
        assert [job.user_id for job in claimed if job].count(user.pk) == 2
        assert theirs.pk in [job.pk for job in claimed if job]
        assert claimed[3] is None

    def test_companions_keep_the_limit_too(self, user: User, worker: Holder, settings: Any) -> None:
        settings.JOBS_RUNNING_PER_USER = 3
        ask(user, count=6)
        job = claim(worker)
        assert job
        with as_service("test"):
            more = leases.claim_companions(worker=worker, job=job, most=5)
        assert len(more) == 2

    def test_a_days_gpu_seconds(self, user: User, settings: Any) -> None:
        with as_service("test"):
            Preset.objects.update(expected_seconds=10)
        settings.GPU_SECONDS_PER_DAY = 30
        ask(user, count=2)
        with pytest.raises(Refused) as caught:
            ask(user, count=2)
        assert (caught.value.code, caught.value.params["used"]) == ("quota_gpu_seconds", 20)
        now = timezone.now()
        with as_service("test"):
            Job.objects.update(status="succeeded", gpu_seconds=4, finished_at=now)
        ask(user, count=2)
        with as_user(user):
            assert limits.use_of(user).gpu_seconds == 28
            # Tomorrow only what waits still counts.
            assert limits.use_of(user, now=now + timedelta(days=1)).gpu_seconds == 20

    def test_what_failed_used_the_gpu_too(self, user: User, worker: Holder) -> None:
        ask(user)
        job = claim(worker)
        assert job
        with as_service("test"):
            Job.objects.update(started_at=timezone.now() - timedelta(seconds=40))
            which = {"worker": worker, "job_id": job.pk, "attempt": 1}
            outcomes.fail_job(**which, failure=Failure(code="engine_error"), retryable=False)
        with as_user(user):
            assert 39 < limits.use_of(user).gpu_seconds < 45


def test_the_limit_holds_among_claims_of_the_same_moment(
    own_database: str, empty_redis: None, presets: None, user: User, settings: Any
) -> None:
    settings.JOBS_RUNNING_PER_USER = 2
    ask(user, count=8)
    workers = [new_worker(f"gpu-{number}") for number in range(6)]
    start, claimed = threading.Barrier(len(workers)), []

    def work(worker: Holder) -> None:
        try:
            start.wait()
            claimed.append(claim(worker))
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=[worker]) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([job for job in claimed if job]) == 2
