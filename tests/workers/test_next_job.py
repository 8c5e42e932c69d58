"""A report that asks for the next job, as a worker does that is free by then: its answer brings
what a claim would, and whatever becomes of that, the report counts."""

from __future__ import annotations

import re
import uuid
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jobs.models import Job
from ourvidz import feed
from ourvidz.rows import as_service
from tests.workers.conftest import Hand
from workers import results
from workers.models import WorkerUrl

CLAIM = {"queues": ["gpu.image"]}


def reported(hand: Hand, png: bytes, claim: Any = CLAIM) -> Any:
    """Make a waiting job and report it with a claim; the answer."""
    job = hand.claim()
    hand.upload(job, png)
    return hand.succeed(job, png, claim)


def test_a_report_brings_the_next_job(
    hand: Any, preset: Any, queue: Any, fresh: Any, png: bytes
) -> None:
    first, second = queue(count=2)
    answer = reported(hand, png).json()
    assert (answer["accepted"], answer["job"]["id"]) == (True, str(second.pk))
    assert (answer["jobs"], answer["more"]) == ([answer["job"]], False)
    assert (fresh(first).status, fresh(second).status) == ("succeeded", "running")
    assert hand.row().current_job_id == second.pk
    hand.upload(answer["job"], png)
    last = hand.succeed(answer["job"], png, CLAIM).json()
    assert last == {"accepted": True, "reason": "", "more": False}


def test_pages_hear_of_a_result_before_the_next_job_is_looked_for(
    hand: Any, preset: Any, queue: Any, png: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = queue(count=2)[0].user_id
    job = hand.claim()
    hand.upload(job, png)
    told, claim = [head_of(owner)], results.claim

    def claimed(**given: Any) -> Any:
        told.append(head_of(owner))
        return claim(**given)

    monkeypatch.setattr(results, "claim", claimed)
    assert hand.succeed(job, png, CLAIM).json()["job"]
    assert told[0] < told[1] < head_of(owner)


def head_of(owner: uuid.UUID) -> int:
    """Return how many changes a person's pages were told of."""
    with as_service("test"):
        return feed.head(owner)


def test_several_come_where_several_are_made_at_once(
    hand: Any, preset: Any, queue: Any, png: bytes
) -> None:
    queue(count=4)
    claim = CLAIM | {"max_jobs": 2, "loaded_preset": "tiny"}
    assert len(reported(hand, png, claim=claim).json()["jobs"]) == 2


def test_without_a_claim_nothing_comes(hand: Any, preset: Any, queue: Any, png: bytes) -> None:
    """Workers of the release before do not ask."""
    queue(count=2)
    job = hand.claim()
    hand.upload(job, png)
    assert hand.succeed(job, png).json() == {"accepted": True, "reason": ""}


@pytest.mark.parametrize("status", [WorkerUrl.Status.DRAINING, WorkerUrl.Status.QUARANTINED])
def test_who_gets_no_jobs_gets_none_so(
    hand: Any, preset: Any, queue: Any, fresh: Any, png: bytes, status: str
) -> None:
    first, second = queue(count=2)
    job = hand.claim()
    with as_service("test"):
        WorkerUrl.objects.filter(name=hand.name).update(status=status)
    hand.upload(job, png)
    assert "job" not in hand.succeed(job, png, CLAIM).json()
    assert (fresh(first).status, fresh(second).status) == ("succeeded", "queued")


def test_the_failure_that_is_one_too_many_brings_nothing(
    hand: Any, preset: Any, queue: Any, fresh: Any
) -> None:
    jobs = queue(count=4) + queue(count=2)
    claimed, error = hand.claim(), {"code": "engine_error", "retryable": False}
    for _ in range(4):
        claimed = hand.callback(claimed, status="failed", error=error, claim=CLAIM).json()["job"]
    answer = hand.callback(claimed, status="failed", error=error, claim=CLAIM)
    assert answer.json() == {"accepted": True, "reason": "", "more": False}
    assert hand.row().status == WorkerUrl.Status.QUARANTINED
    assert fresh(jobs[5]).status == "queued"


def test_an_earlier_process_gets_nothing_more(
    hand: Any, preset: Any, queue: Any, fresh: Any, png: bytes, empty_redis: None
) -> None:
    _, second = queue(count=2)
    job = hand.claim()
    hand.upload(job, png)
    hand.succeed(job, png)
    later = replace(hand, process="later")
    assert later.post("register", CLAIM).status_code == 200
    again = replace(hand, process="earlier").succeed(job, png, CLAIM)
    assert again.json() == {"accepted": True, "reason": ""}
    assert fresh(second).status == "queued"


def test_a_result_is_kept_whatever_is_wrong_with_the_next_job(
    hand: Any,
    preset: Any,
    queue: Any,
    fresh: Any,
    png: bytes,
    monkeypatch: pytest.MonkeyPatch,
    caplog: Any,
) -> None:
    first, second = queue(count=2)
    job = hand.claim()
    hand.upload(job, png)

    def broken(job: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(results, "described", broken)
    answer = hand.succeed(job, png, CLAIM)
    assert answer.json() == {"accepted": True, "reason": ""}
    assert (fresh(first).status, fresh(second).status) == ("succeeded", "queued")
    assert "brought no job" in caplog.text


def test_a_claim_that_cannot_be_read_is_refused_with_its_field(
    hand: Any, preset: Any, queue: Any, png: bytes
) -> None:
    queue()
    answer = reported(hand, png, claim={"queues": []})
    assert answer.status_code == 400
    assert "claim" in str(answer.json()["errors"])


def test_jobs_are_locked_before_their_worker(
    hand: Any, preset: Any, queue: Any, png: bytes
) -> None:
    """In one order by all calls, or a heartbeat and a report that come at once wait for each other
    until the database ends one of them.
    """
    queue(count=2)
    job = hand.claim()
    hand.upload(job, png)
    with as_service("test"):
        Job.objects.update(lease_expires_at=timezone.now())
    beat = {"status": "busy", "current_job_id": job["id"], "job_ids": [job["id"]]}
    for call in (
        lambda: hand.post("heartbeat", beat),
        lambda: hand.succeed(job, png),
        lambda: hand.post("claim", CLAIM),
    ):
        with CaptureQueriesContext(connection) as seen:
            assert call().status_code == 200
        written = [
            re.match(r'\s*UPDATE "?(\w+)"?', query["sql"]) for query in seen.captured_queries
        ]
        tables = [found[1] for found in written if found]
        assert tables.index("worker_urls") > max(
            number for number, table in enumerate(tables) if table == "jobs"
        )


def test_several_jobs_are_locked_in_one_order(
    hand: Any, preset: Any, queue: Any, png: bytes
) -> None:
    """Whoever names them in whichever order, and whatever becomes of each."""
    queue(count=3)
    good, better, broken = hand.claim(), hand.claim(), hand.claim()
    for job in (good, better):
        hand.upload(job, png)
    with as_service("test"):
        Job.objects.update(lease_expires_at=timezone.now())
    listed = [broken, better, good]
    beat = {"status": "busy", "job_ids": [job["id"] for job in listed]}
    first, *others = [hand.success(job, png) for job in listed]
    for call, body in (("heartbeat", beat), ("job-callback", first | {"also": others})):
        with CaptureQueriesContext(connection) as seen:
            assert hand.post(call, body).status_code == 200
        touched = [
            query["sql"]
            for query in seen.captured_queries
            if re.search(r'FROM "jobs".*FOR UPDATE|UPDATE "jobs"', query["sql"], re.DOTALL)
        ]
        assert re.search(r'"id" IN \(.*ORDER BY .*FOR UPDATE$', touched[0]), touched[0]
