"""What a GPU process hears and when it asks: consumers that sleep until the server speaks, and a
loop that knows when nothing more waits."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
import pytest
import redis
from django.conf import settings

from jobs.queue import ring
from ourvidz.models import uuid7
from tests.site import wait_until
from tests.workers.test_gpu_parts import ENOUGH, JOB
from workers.gpu import client as real
from workers.gpu import loop as loops
from workers.gpu import tasks
from workers.gpu.config import Config
from workers.gpu.device import describe
from workers.gpu.engine import Engine
from workers.gpu.job import Job
from workers.gpu.loop import Loop
from workers.gpu.making import Ending
from workers.gpu.state import State


class Rung:
    """Counts bells, in place of the loop that takes jobs."""

    def __init__(self) -> None:
        self.count = 0

    def ring(self) -> None:
        self.count += 1


@pytest.fixture
def doorbell(empty_redis: None) -> Any:
    """A function that starts the consumers of a GPU process at a broker; and what rang there."""
    rung, started = Rung(), []

    def start(url: str = settings.BROKER_URL) -> Rung:
        where = {"OURVIDZ_BROKER_URL": url, "OURVIDZ_NAMESPACE": settings.NAMESPACE}
        config = Config.from_environment(ENOUGH | where | {"OURVIDZ_QUEUES": "gpu.image"})
        started.append(tasks.doorbell(config, rung))  # type: ignore[arg-type]
        started[0].start()
        return rung

    yield start
    for worker in started:
        worker.stop(timeout=5000)


class Empty:
    """A queue without messages, that counts how often it was looked into."""

    def __init__(self) -> None:
        self.looks = 0

    def __next__(self) -> None:
        self.looks += 1

    def close(self) -> None:
        pass


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, empty_redis: None) -> Any:
    """A consumer that was told of a bell once, and would sleep for a minute now; its queue."""
    monkeypatch.setattr(tasks, "TOLD", 60_000)
    where = {"OURVIDZ_BROKER_URL": settings.BROKER_URL, "OURVIDZ_NAMESPACE": settings.NAMESPACE}
    broker: Any = tasks.broker_of(Config.from_environment(ENOUGH | where))
    empty = Empty()
    consumer = tasks.Listening(broker, empty, "gpu.image")  # type: ignore[arg-type]
    next(consumer)  # takes its place among those who listen
    ring("gpu.image", uuid7())
    next(consumer)
    yield consumer, empty
    consumer.close()


def test_who_was_told_once_sleeps_until_the_next_bell(told: Any) -> None:
    consumer, empty = told
    sleeper = threading.Thread(target=lambda: next(consumer))
    sleeper.start()
    sleeper.join(0.2)
    assert sleeper.is_alive()
    assert empty.looks == 3
    ring("gpu.video", uuid7())
    sleeper.join(0.2)
    assert sleeper.is_alive(), "another queue's bell wakes nobody"
    ring("gpu.image", uuid7())
    sleeper.join(10)
    assert not sleeper.is_alive()


def test_while_a_bell_is_answered_the_queue_is_polled(told: Any) -> None:
    """What came meanwhile was heard too early."""
    consumer, empty = told
    consumer.held = 1
    next(consumer)
    next(consumer)
    assert empty.looks == 4


def test_an_account_that_may_not_listen_polls(
    doorbell: Callable[[str], Rung],
) -> None:
    """The broker accounts of the release before."""
    server = redis.Redis.from_url(settings.BROKER_URL)
    name = f"old-{settings.NAMESPACE}"
    rules = ["on", ">secret", "~*", "resetchannels", "+@all", "-subscribe"]
    server.execute_command("ACL", "SETUSER", name, *rules)
    try:
        url = urlsplit(settings.BROKER_URL)
        place = url.netloc.rpartition("@")[2]
        rung = doorbell(urlunsplit(url._replace(netloc=f"{name}:secret@{place}")))
        for count in (1, 2):
            ring("gpu.image", uuid7())
            wait_until(lambda count=count: rung.count == count, 5, "a bell that was polled")
    finally:
        server.execute_command("ACL", "DELUSER", name)


class Client:
    """A server with some jobs, which says whether there are more; and what it was asked."""

    waited, waiting = True, False

    def __init__(self, jobs: int) -> None:
        self.left, self.more, self.claims = jobs, True, 0

    def claim(self, most: int) -> list[Job]:
        self.claims += 1
        self.left -= 1
        self.more = self.left > 0
        return [replace(JOB, id=str(self.left))] if self.left >= 0 else []


class Always:
    """An attribute that is true whatever is written to it."""

    def __get__(self, *_: object) -> bool:
        return True

    def __set__(self, *_: object) -> None:
        pass


class Shipping:
    """Sends at once, and notes which endings were the last."""

    def __init__(self, client: Client) -> None:
        self.client, self.last = client, list[bool]()

    def take(self, endings: list[Ending], most: int, is_last: bool) -> list[Job]:
        self.last.append(is_last)
        if is_last:
            self.client.more = False
        return []

    def close(self) -> None:
        pass


def working(client: Client, monkeypatch: pytest.MonkeyPatch) -> tuple[Loop, Shipping]:
    """A loop whose jobs end at once."""
    monkeypatch.setattr(loops, "endings", lambda makings: [Ending(m.job) for m in makings])
    engine = Engine(describe("cpu"), 1, Path("/nowhere"))
    config = Config.from_environment(ENOUGH)
    loop = Loop(config, client, engine, State())  # type: ignore[arg-type]
    shipping = Shipping(client)
    loop.shipping = shipping  # type: ignore[assignment]
    return loop, shipping


def test_the_last_job_is_sent_before_more_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(jobs=3)
    loop, shipping = working(client, monkeypatch)
    loop.work_until_idle()
    # Nobody is asked after the report that said that nothing is left.
    assert (shipping.last, client.claims) == ([False, False, True], 3)


def test_a_bell_meanwhile_is_answered_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(jobs=1)
    loop, shipping = working(client, monkeypatch)
    loop.bells.put(None)
    loop.work_until_idle()
    assert shipping.last == [False]


def test_a_server_that_does_not_say_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of the release before."""
    client = Client(jobs=2)
    monkeypatch.setattr(Client, "more", Always(), raising=False)
    loop, shipping = working(client, monkeypatch)
    loop.work_until_idle()
    assert (shipping.last, client.claims) == ([False, False], 3)


def test_a_bell_while_a_claim_waits_is_answered_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or they would lie in the broker until the claim's time is over, one for each job."""
    client = Client(jobs=0)
    client.waiting = True
    loop, _shipping = working(client, monkeypatch)
    loop.ring()
    assert loop.bells.empty()


def test_what_comes_to_a_claim_that_waits_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    client: Any = Client(jobs=0)
    loop, shipping = working(client, monkeypatch)
    brought = [[], [JOB]]

    def await_jobs(most: int) -> list[Job]:
        if not brought:
            loop.stop()
            return []
        return brought.pop(0)

    client.await_jobs = await_jobs
    loop.run(60)
    assert len(shipping.last) == 1


def test_a_claim_that_waits_outlives_an_answer_that_is_none_of_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Such as the page of a proxy that says 200 while the server behind it is away."""
    monkeypatch.setattr(real, "SHORTEST_PAUSE", 0.01)
    answers = iter([httpx.Response(200, text="<h1>Soon back</h1>"), httpx.Response(204)])
    client = real.Client(Config.from_environment(ENOUGH), State())
    transport = httpx.MockTransport(lambda _: next(answers))
    client.server = httpx.Client(transport=transport, base_url="http://site.test")
    assert client.await_jobs(1) == []
