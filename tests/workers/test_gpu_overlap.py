"""A worker that has two jobs in hand, one being sent while the next is made: the server keeps both,
and the process sends them in their order, whatever happens to one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from PIL import Image

from jobs.models import Job
from ourvidz.rows import as_service
from tests.workers.test_gpu_parts import JOB
from workers.gpu.errors import JobError
from workers.gpu.heart import Heart
from workers.gpu.making import Ending
from workers.gpu.shipping import Shipping
from workers.gpu.state import State


def test_the_heartbeat_keeps_every_lease(
    hand: Any, preset: Any, queue: Callable[..., list[Job]], fresh: Callable[[Job], Job]
) -> None:
    jobs = [*queue(), *queue()]
    claimed = [hand.claim()["id"] for _ in jobs]
    soon = timezone.now() + timedelta(seconds=1)
    with as_service("test"):
        Job.objects.update(lease_expires_at=soon)
    beat = {"status": "busy", "current_job_id": claimed[1], "job_ids": claimed}
    assert hand.post("heartbeat", beat).json() == {"drain": False, "cancel": []}
    assert all(fresh(job).lease_expires_at > soon for job in jobs)


def test_the_end_of_one_job_does_not_make_the_worker_idle(
    hand: Any, preset: Any, queue: Callable[..., list[Job]]
) -> None:
    queue(), queue()
    first, second = hand.claim(), hand.claim()
    hand.fail(first, "engine_error")
    assert str(hand.row().current_job_id) == second["id"]
    hand.fail(second, "engine_error")
    assert hand.row().current_job_id is None


class Server:
    """What a process tells its server, kept; `slow` holds uploads back."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.slow = threading.Event()
        self.uploads = 0

    def upload(self, *_: Any) -> None:
        assert self.slow.wait(10)
        self.uploads += 1

    def callback(self, body: dict[str, Any], patience: float, most: int) -> list[Any]:
        self.bodies.append(body | {"most": most})
        return [replace(JOB, id="next")] if most else []


@pytest.fixture
def server() -> Server:
    return Server()


def ending(number: int, **changes: Any) -> Ending:
    """A job that has been made."""
    given = {"result": Image.new("RGB", (64, 64), "teal")} | changes
    return Ending(replace(JOB, id=str(number)), **given)


def test_a_job_is_sent_while_the_next_is_made(server: Server) -> None:
    state = State()
    shipping = Shipping(server, state)  # type: ignore[arg-type]
    state.begin("1")
    shipping.take([ending(1)], 1)  # returns though nothing can be uploaded yet
    state.begin("2")
    beat = Heart(None, state, 1).body()  # type: ignore[arg-type]
    assert (beat["current_job_id"], beat["job_ids"]) == ("2", ["1", "2"])
    server.slow.set()
    shipping.take([ending(2)], 1)
    shipping.close()
    assert [body["job_id"] for body in server.bodies] == ["1", "2"]
    assert {body["status"] for body in server.bodies} == {"succeeded"}
    assert {"encode", "upload"} <= server.bodies[0]["timings"].keys()
    assert not state.jobs


def test_whoever_waits_gets_the_next_job_with_the_report(server: Server) -> None:
    """What is made is sent, and only then is anything more wanted: nothing is kept from others."""
    shipping = Shipping(server, State())  # type: ignore[arg-type]
    assert shipping.take([ending(1), ending(2)], 3) == []
    threading.Timer(0.1, server.slow.set).start()
    assert [job.id for job in shipping.take([ending(3)], 3)] == ["next"]
    shipping.close()
    # Of a batch the last report; and none when nobody waits for it.
    assert [body["most"] for body in server.bodies] == [0, 3, 0]


@pytest.mark.parametrize("why", ["draining", "stopping_since"])
def test_a_process_that_ends_wants_nothing_more(server: Server, why: str) -> None:
    state = State(**{why: 1})  # type: ignore[arg-type]
    shipping = Shipping(server, state)  # type: ignore[arg-type]
    shipping.take([ending(1)], 1)
    threading.Timer(0.1, server.slow.set).start()
    assert shipping.take([ending(2)], 1) == []
    shipping.close()


def test_every_way_to_end_is_reported(server: Server) -> None:
    server.slow.set()
    shipping = Shipping(server, State())  # type: ignore[arg-type]
    shipping.take([ending(1, result=None)], 1)
    shipping.take([ending(2, result=None, error=JobError("mask_size"))], 1)
    strange = ending(3)
    strange.job = replace(strange.job, mime_type="image/gif")
    shipping.take([strange], 1)
    shipping.close()
    assert [body["status"] for body in server.bodies] == ["canceled", "failed", "failed"]
    assert server.bodies[2]["error"]["code"] == "bad_parameters"
    assert server.uploads == 0
