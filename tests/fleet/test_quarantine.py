"""Workers that fail job after job, their history, and which releases work together. Not for
silence, which tests/workers/test_fleet.py has.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from jobs.models import Preset
from ourvidz.errors import Refused
from ourvidz.rows import as_service
from workers import gpu, history, quarantine, services, versions
from workers.models import WorkerUrl


@pytest.fixture(autouse=True)
def long_pauses(settings: Any) -> None:
    """A job that failed comes back after the test: each claim brings another one, however slow."""
    settings.JOB_BACKOFF_SECONDS = 600.0


def ask(queue: Any) -> None:
    """Queue a job, although the preset's model is nowhere."""
    with as_service("test"):
        Preset.objects.update(is_installed=True)
    queue()


def fail(hand: Any, queue: Any, times: int, code: str = "engine_error") -> None:
    """Let the worker fail so many different jobs."""
    for _ in range(times):
        ask(queue)
        assert hand.fail(hand.claim(), code, detail="it broke").status_code == 200


def claim_status(hand: Any) -> int:
    return hand.post("claim", {"queues": ["gpu.image"]}).status_code


def sweep(later: timedelta) -> None:
    with as_service("test"):
        services.sweep_worker_health(now=timezone.now() + later)


def states(hand: Any) -> list[tuple[str, str]]:
    with as_service("test"):
        found = history.events(hand.row().pk)
    return [(event.status, event.reason) for event in reversed(found)]


def test_a_worker_that_fails_job_after_job_gets_no_more(hand: Any, preset: Any, queue: Any) -> None:
    fail(hand, queue, quarantine.FAILURES)
    ask(queue)
    assert hand.row().status == "quarantined"
    assert claim_status(hand) == 204
    # It lives, and is still not trusted.
    hand.post("heartbeat", {"status": "idle"})
    assert hand.row().status == "quarantined"
    assert states(hand)[-1] == ("quarantined", "engine_error")


def test_its_time_over_it_tries_one_job(hand: Any, preset: Any, queue: Any) -> None:
    fail(hand, queue, quarantine.FAILURES)
    sweep(timedelta(seconds=59))
    assert hand.row().status == "quarantined"
    sweep(timedelta(seconds=61))
    assert hand.row().status == "active"
    fail(hand, queue, 1)
    row = hand.row()
    assert row.status == "quarantined"
    assert row.quarantined_until - timezone.now() > timedelta(seconds=100)


def test_a_store_that_is_away_keeps_nobody_away_for_long(
    hand: Any, preset: Any, queue: Any
) -> None:
    """It hits every worker: each looks again after a minute, however long it has been."""
    fail(hand, queue, quarantine.FAILURES, "storage_refused")
    for _ in range(4):
        assert hand.row().status == "quarantined"
        sweep(timedelta(seconds=61))
        assert hand.row().status == "active"
        fail(hand, queue, 1, "storage_refused")


def test_a_success_is_a_fresh_start(hand: Any, preset: Any, queue: Any, png: bytes) -> None:
    fail(hand, queue, quarantine.FAILURES - 1)
    ask(queue)
    job = hand.claim()
    hand.upload(job, png)
    assert hand.succeed(job, png).json()["accepted"]
    fail(hand, queue, quarantine.FAILURES - 1)
    assert hand.row().status == "active"


def test_what_is_no_fault_of_the_worker_does_not_count(hand: Any, preset: Any, queue: Any) -> None:
    for code in ("bad_parameters", "out_of_memory", "worker_handed_back", "lora_missing"):
        fail(hand, queue, quarantine.FAILURES, code)
        with as_service("test"):
            WorkerUrl.objects.filter(pk=hand.row().pk).update(failed_jobs=[])
    assert hand.row().status == "active"


def test_one_bad_job_again_and_again_counts_once(hand: Any, preset: Any, queue: Any) -> None:
    (job,) = queue()
    for _ in range(quarantine.FAILURES):
        with as_service("test"):
            quarantine.note_failure(worker=hand.row(), job_id=job.pk, code="engine_error")
    assert hand.row().status == "active"
    assert hand.row().failed_jobs == [job.pk]


def test_crashes_count_and_a_restart_is_no_way_out(hand: Any, preset: Any, queue: Any) -> None:
    for _ in range(quarantine.FAILURES):
        ask(queue)
        hand.claim()
        hand.post("register", {"queues": ["gpu.image"]})
    hand.post("register", {"queues": ["gpu.image"]})
    assert hand.row().status == "quarantined"
    assert claim_status(hand) == 204


def test_an_operator_ends_it(hand: Any, preset: Any, queue: Any) -> None:
    fail(hand, queue, quarantine.FAILURES)
    with as_service("test"):
        services.set_worker_status(worker_id=hand.row().pk, status="active")
    fail(hand, queue, quarantine.FAILURES - 1)
    assert hand.row().status == "active"
    assert ("active", "operator") in states(hand)


def test_every_state_is_written_down_with_its_reason(hand: Any) -> None:
    hand.post("heartbeat", {"status": "idle"})
    sweep(timedelta(hours=1))
    hand.post("heartbeat", {"status": "idle"})
    hand.post("heartbeat", {"status": "stopping"})
    expected = [("active", "registered"), ("gone", "silent")]
    assert states(hand) == [*expected, ("active", "heard_again"), ("gone", "stopping")]
    with as_service("test"):
        assert history.forget_old(now=timezone.now() + timedelta(days=31)) == 4


def test_the_engine_is_of_the_sites_release() -> None:
    assert gpu.VERSION == versions.RELEASE


@pytest.mark.parametrize("version", ["0.1.0", "0.0.9", "0.2.3", ""])
def test_one_release_before_and_after_is_taken(version: str) -> None:
    versions.check(version)


@pytest.mark.parametrize("version", ["0.3.0", "1.0.0", "nonsense"])
def test_another_release_is_refused(version: str) -> None:
    with pytest.raises(Refused) as refused:
        versions.check(version)
    assert refused.value.code == "worker_version"


def test_a_worker_of_another_release_is_told_so(hand: Any) -> None:
    answer = hand.post("register", {"queues": ["gpu.image"], "version": "7.0.0"})
    assert answer.status_code == 409
    assert "7.0.0" in answer.json()["detail"]


def test_what_the_next_release_adds_is_no_obstacle(hand: Any, preset: Any, queue: Any) -> None:
    """A worker one release ahead says things that the site does not know yet."""
    ask(queue)
    body = {"queues": ["gpu.image"], "presets": [], "loaded_preset": "", "colour": "blue"}
    assert hand.post("claim", body).status_code == 200
    assert hand.post("heartbeat", {"status": "busy", "mood": "good"}).status_code == 200
