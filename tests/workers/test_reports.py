"""Reports of several jobs at once: of several people, with some that are over or wrong. Not for the
files that travel with them: see test_carried.py.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jobs.models import Job
from jobs.services import cancel_job, queue_job
from jobs.specs import JobSpec
from jobs.webhook_models import WebhookDelivery
from jobs.webhooks.services import create_webhook
from library.models import Media
from ourvidz.rows import as_service, as_user
from tests.workers.conftest import Hand

SPEC = JobSpec(prompt="a boat", preset="tiny", seed=7)


def told(hand: Hand, jobs: list[dict[str, Any]], png: bytes, **more: Any) -> Any:
    """Report jobs as done, in one call; the response."""
    first, *others = [hand.success(job, png) for job in jobs]
    return hand.post("job-callback", first | {"also": others} | more)


def claimed(hand: Hand, png: bytes, count: int) -> list[dict[str, Any]]:
    """Take jobs, and upload what they should make."""
    jobs = [hand.claim() for _ in range(count)]
    for job in jobs:
        hand.upload(job, png)
    return jobs


def owner(job: dict[str, Any]) -> Any:
    with as_service("test"):
        return Job.objects.values_list("user_id", flat=True).get(pk=job["id"])


def test_everybody_hears_of_their_own(
    hand: Hand, preset: Any, queue: Any, png: bytes, user: Any, other_user: Any
) -> None:
    for person in (user, other_user):
        with as_user(person):
            create_webhook(user=person, url="https://hooks.example/jobs")
            queue_job(user=person, spec=SPEC)
    jobs = claimed(hand, png, 2)
    assert told(hand, jobs, png).json()["also"] == [{"accepted": True, "reason": ""}]
    for job in jobs:
        with as_user(person := owner(job)):
            [delivery] = WebhookDelivery.objects.for_user(person)
            assert delivery.payload["data"]["id"] == job["id"]
            assert Media.objects.for_user(person).get().job_id == delivery.job_id
    assert {owner(job) for job in jobs} == {user.pk, other_user.pk}


def test_a_person_who_is_gone_holds_up_nobody(
    hand: Hand, preset: Any, queue: Any, png: bytes, user: Any, other_user: Any
) -> None:
    queue(count=2)
    with as_user(other_user):
        queue_job(user=other_user, spec=SPEC)
    jobs = sorted(claimed(hand, png, 3), key=lambda job: owner(job) != other_user.pk)
    with as_service("test"):
        user.delete()
    answer = told(hand, jobs, png).json()
    assert answer["accepted"]
    assert answer["also"] == [{"accepted": False, "reason": "job_not_leased"}] * 2
    with as_user(other_user):
        assert Media.objects.for_user(other_user).count() == 1


def test_one_that_its_person_wanted_to_stop_is_kept(
    hand: Hand, preset: Any, queue: Any, fresh: Any, png: bytes, user: Any
) -> None:
    """The wish came too late, and says so: the picture is there."""
    rows = queue(count=2)
    jobs = claimed(hand, png, 2)
    with as_user(user):
        assert cancel_job(user=user, job_id=rows[0].pk) == "canceling"
    assert told(hand, jobs, png).json()["accepted"]
    assert [fresh(row).status for row in rows] == ["succeeded", "succeeded"]
    with as_user(user):
        assert cancel_job(user=user, job_id=rows[0].pk) == "finished"


def test_wrong_files_of_one_report_count_each(
    hand: Hand, preset: Any, queue: Any, png: bytes
) -> None:
    queue(count=8)
    jobs = claimed(hand, png, 6)
    good, *broken = jobs
    reports = [hand.success(job, png, sha256="0" * 64) for job in broken]
    claim = {"queues": ["gpu.image"]}
    answer = hand.post("job-callback", hand.success(good, png, claim) | {"also": reports}).json()
    assert [each["reason"] for each in answer["also"]] == ["output_wrong"] * 5
    assert hand.row().status == "quarantined"
    assert "job" not in answer


@pytest.mark.parametrize("destination", ["library", "workspace"])
def test_many_take_as_many_statements_as_two(
    hand: Hand, preset: Any, queue: Any, png: bytes, destination: str
) -> None:
    counts = []
    for count in (2, 12):
        queue(count=count, destination=destination)
        jobs = claimed(hand, png, count)
        with CaptureQueriesContext(connection) as seen:
            assert told(hand, jobs, png).status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1]
