"""A worker without a broker waits in its claim, on a real site: woken by a doorbell, holding up
nobody. Not for what a claim answers: tests/workers/test_protocol.py has that.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from ourvidz.rows import as_service
from tests.site import LiveSite
from workers.services import issue_worker_token, set_worker_status

pytestmark = pytest.mark.usefixtures("live_site", "preset")

CLAIM = {"queues": ["gpu.image"]}
# Its model is on the worker: otherwise nobody could ask for it.
REGISTER = CLAIM | {"presets": ["tiny"], "models": ["/nowhere/tiny"]}


@pytest.fixture
def worker(live_site: LiveSite) -> Callable[[str], httpx.Client]:
    """Return a function that makes a registered worker's client."""

    def make(name: str) -> httpx.Client:
        with as_service("test"):
            secret = issue_worker_token(name=name)
        headers = {"Authorization": f"Bearer {secret}"}
        url = f"{live_site.url}/api/v1/worker/"
        made = httpx.Client(base_url=url, headers=headers, timeout=60)
        assert made.post("register", json=REGISTER).status_code == 200
        return made

    return make


class Waiting:
    """A claim that waits, in a thread of its own."""

    def __init__(self, client: httpx.Client, seconds: int) -> None:
        self.answer: httpx.Response | None = None
        self.client, self.seconds = client, seconds
        self.began = time.monotonic()
        self.thread = threading.Thread(target=self._ask, daemon=True)
        self.thread.start()

    def _ask(self) -> None:
        headers = {"Prefer": f"wait={self.seconds}"}
        self.answer = self.client.post("claim", json=CLAIM, headers=headers)

    def result(self) -> tuple[httpx.Response, float]:
        """The answer, and the seconds that it took since this call."""
        before = time.monotonic()
        self.thread.join(60)
        assert self.answer is not None
        return self.answer, time.monotonic() - before


def test_a_doorbell_wakes_it(worker: Callable[[str], httpx.Client], queue: Any) -> None:
    waiting = Waiting(worker("one"), 25)
    time.sleep(1.5)
    assert waiting.answer is None
    (job,) = queue()
    answer, seconds = waiting.result()
    assert (answer.status_code, answer.json()["job"]["id"]) == (200, str(job.pk))
    assert answer.headers["Preference-Applied"] == "wait=25"
    # By a bell, not by its own look every few seconds.
    assert seconds < 3


def test_a_job_that_waits_already_is_given_at_once(
    worker: Callable[[str], httpx.Client], queue: Any
) -> None:
    queue()
    answer, _seconds = Waiting(worker("one"), 25).result()
    assert answer.status_code == 200


def test_the_time_over_there_is_none(worker: Callable[[str], httpx.Client]) -> None:
    waiting = Waiting(worker("one"), 1)
    answer, _seconds = waiting.result()
    assert answer.status_code == 204
    assert time.monotonic() - waiting.began >= 1


def test_one_that_is_drained_meanwhile_gets_nothing(
    worker: Callable[[str], httpx.Client], queue: Any
) -> None:
    client = worker("one")
    name_and_id = client.post("register", json=REGISTER).json()
    waiting = Waiting(client, 4)
    time.sleep(1)
    with as_service("test"):
        set_worker_status(worker_id=name_and_id["worker_id"], status="draining")
    queue()
    answer, _seconds = waiting.result()
    assert answer.status_code == 204


def test_many_who_wait_hold_up_nobody_and_one_gets_the_job(
    worker: Callable[[str], httpx.Client], queue: Any
) -> None:
    """More than the server has threads or connections to the database."""
    waiting = [Waiting(worker(f"worker-{number}"), 12) for number in range(50)]
    time.sleep(2)
    other = worker("other")
    before = time.monotonic()
    assert other.post("heartbeat", json={"status": "idle"}).status_code == 200
    assert time.monotonic() - before < 5
    queue()
    answers = [one.result()[0].status_code for one in waiting]
    assert sorted(answers) == [200] + [204] * 49


def test_a_bad_claim_does_not_wait(worker: Callable[[str], httpx.Client]) -> None:
    client = worker("one")
    before = time.monotonic()
    answer = client.post("claim", json={"queues": []}, headers={"Prefer": "wait=25"})
    assert answer.status_code == 400
    client.headers["Authorization"] = "Bearer ovw_nonsense"
    answer = client.post("claim", json=CLAIM, headers={"Prefer": "wait=25"})
    assert answer.status_code == 401
    assert time.monotonic() - before < 10
