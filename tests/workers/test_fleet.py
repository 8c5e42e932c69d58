"""The registry's upkeep: silent workers, lost doorbells, tokens."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import timezone

from ourvidz.rows import as_service
from workers import services, tasks
from workers.models import WorkerUrl

BEAT = timedelta(seconds=settings.HEARTBEAT_SECONDS)


def sweep(beats: float) -> int:
    """Look after this many heartbeats did not come."""
    with as_service("test"):
        return services.sweep_worker_health(now=timezone.now() + beats * BEAT)


def test_a_silent_worker_is_unhealthy_then_gone(hand: Any) -> None:
    assert (sweep(2), hand.row().status) == (0, "active")
    assert (sweep(4), hand.row().status) == (1, "unhealthy")
    assert (sweep(31), hand.row().status) == (1, "gone")
    assert sweep(100) == 0


def test_a_worker_that_is_heard_again_is_active(hand: Any) -> None:
    sweep(31)
    hand.post("heartbeat", {"status": "idle"})
    assert hand.row().status == "active"


def test_a_worker_that_stops_says_good_bye(hand: Any) -> None:
    hand.post("heartbeat", {"status": "stopping"})
    assert hand.row().status == "gone"


def test_a_disabled_worker_stays_disabled(hand: Any) -> None:
    with as_service("test"):
        services.set_worker_status(worker_id=hand.row().pk, status=WorkerUrl.Status.DISABLED)
    sweep(100)
    assert hand.row().status == "disabled"


@pytest.fixture
def bells(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The queues that were rung."""
    rung: list[str] = []
    monkeypatch.setattr("jobs.queue.ring", lambda name, job_id: rung.append(name))
    return rung


def test_bells_are_rung_once_for_each_idle_worker(
    hand: Any, new_hand: Any, preset: Any, queue: Any, bells: list[str]
) -> None:
    queue(count=5)
    new_hand("two")
    tasks.ring_again()
    assert bells == ["gpu.image"] * 2
    hand.claim()
    bells.clear()
    tasks.ring_again()
    assert bells == ["gpu.image"]


def test_nobody_is_rung_where_nothing_waits(hand: Any, bells: list[str]) -> None:
    tasks.ring_again()
    assert bells == []


def test_the_command_prints_a_token_that_works(hand: Any) -> None:
    out = io.StringIO()
    call_command("worker_token", "three", stdout=out)
    assert (
        hand.post("heartbeat", {"status": "idle"}, token=out.getvalue().strip()).status_code == 200
    )


def test_the_command_wants_a_name(database: None) -> None:
    with pytest.raises(CommandError):
        call_command("worker_token", " ")
