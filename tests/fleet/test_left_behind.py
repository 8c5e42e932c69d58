"""Somebody asks for five hundred pictures and is then deleted, while a worker makes one of them:
the rest never runs, what was made leaves no file, and nobody else waits for it. And what a worker
was refused for stands in the log.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from jobs.models import Job, JobStatus
from jobs.services import queue_job
from jobs.specs import JobSpec
from ourvidz.rows import as_service, as_user
from ourvidz.storage import sweep
from workspace.models import WorkspaceItem

MANY, AT_ONCE = 500, 10


@pytest.fixture
def claimed(user: Any, other_user: Any, hand: Any, preset: Any) -> dict[str, Any]:
    """A job of somebody who wanted five hundred, taken by a worker, and then nobody's any more."""
    spec = {"prompt": "a castle", "preset": "tiny", "destination": "workspace"}
    with as_user(user):
        for _ in range(MANY // AT_ONCE):
            queue_job(user=user, spec=JobSpec(**spec, count=AT_ONCE))
    job: dict[str, Any] = hand.claim()
    with as_user(other_user):
        queue_job(user=other_user, spec=JobSpec(**spec))
    with as_service("test"):
        user.delete()
    return job


def test_the_rest_never_runs_and_nobody_waits_for_it(
    claimed: Any, other_user: Any, hand: Any
) -> None:
    with as_service("test"):
        [left] = Job.objects.all()
        assert (JobStatus.objects.count(), WorkspaceItem.objects.count()) == (1, 1)
    assert left.user_id == other_user.pk
    assert hand.claim()["id"] == str(left.pk)
    assert hand.post("claim", {"queues": ["gpu.image"]}).status_code == 204


def test_the_worker_gives_it_up_and_its_file_goes(
    claimed: Any, hand: Any, png: bytes, caplog: Any
) -> None:
    # What other tests have left.
    sweep.sweep(grace=timedelta(0))
    hand.upload(claimed, png)
    beat = {"status": "busy", "current_job_id": claimed["id"], "job_ids": [claimed["id"]]}
    assert hand.post("heartbeat", beat).json()["cancel"] == [claimed["id"]]
    answer = hand.succeed(claimed, png)
    assert (answer.status_code, answer.json()["code"]) == (409, "job_not_leased")
    assert "Worker one: /api/v1/worker/job-callback was refused: job_not_leased" in caplog.text
    assert sweep.sweep(grace=timedelta(0)).orphans == 1
    assert sweep.sweep(grace=timedelta(0)).looked_at == 0


def test_a_forged_token_leaves_its_reason(hand: Any, caplog: Any) -> None:
    hand.post("claim", {"queues": ["gpu.image"]}, token="ovw_forged")
    line = "Worker 127.0.0.1: /api/v1/worker/claim was refused: worker_token_invalid"
    assert line in caplog.text
    assert "ovw_forged" not in caplog.text
