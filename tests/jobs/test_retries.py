"""What is tried again, and when. Not for how a lease is lost: see test_leases."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from jobs import leases, outcomes
from jobs.leases import Holder
from jobs.models import Job
from jobs.services import queue_job
from jobs.specs import JobSpec
from ourvidz.destinations import Failure
from ourvidz.rows import as_service, as_user

pytestmark = pytest.mark.usefixtures("presets")


def failed(user: User, worker: Holder, code: str) -> Job:
    """Queue a job, let its first attempt end so, and return it."""
    with as_user(user):
        (job,) = queue_job(user=user, spec=JobSpec(prompt="a castle", preset="starter-fast"))
    with as_service("test"):
        leases.claim_job(worker=worker, queues=["gpu.image"], presets=[])
        which = {"worker": worker, "job_id": job.pk, "attempt": 1}
        outcomes.fail_job(**which, failure=Failure(code=code), retryable=True)
        return Job.objects.get(pk=job.pk)


@pytest.mark.parametrize("code", sorted(outcomes.CANNOT_PASS))
def test_what_cannot_pass_is_not_tried_again_whatever_a_worker_says(
    user: User, worker: Holder, code: str
) -> None:
    assert failed(user, worker, code).status == "failed"


@pytest.mark.parametrize(
    "code", ["worker_lost", "storage_refused", "output_missing", "out_of_memory", "engine_error"]
)
def test_what_can_pass_is_tried_again_later(user: User, worker: Holder, code: str) -> None:
    job = failed(user, worker, code)
    assert job.status == "queued"
    assert job.not_before is not None and job.not_before > timezone.now()


def test_pauses_double_differ_and_end(settings: Any) -> None:
    settings.JOB_BACKOFF_SECONDS = 2
    for attempt, most in ((1, 2), (2, 4), (3, 8), (20, outcomes.LONGEST_PAUSE)):
        found = {outcomes.pause_after(attempt) for _ in range(50)}
        assert len(found) > 40
        assert most * outcomes.LEAST_SHARE <= min(found) and max(found) <= most
