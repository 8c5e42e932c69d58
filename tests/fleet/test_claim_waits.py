"""A worker waits in its claim, on a real site: given what is committed, woken by a doorbell,
holding up nobody. Not for what a claim answers: tests/workers/test_protocol.py has that.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from django.conf import settings

from accounts.models import User
from accounts.services import issue_token
from ourvidz import live
from ourvidz.rows import as_service
from tests.site import LiveSite
from workers.models import WorkerUrl
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


def drain(name: str) -> None:
    """Have a worker take no more jobs."""
    with as_service("test"):
        worker_id = WorkerUrl.objects.get(name=name).pk
        set_worker_status(worker_id=worker_id, status="draining")


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


@pytest.fixture
def ask(live_site: LiveSite, user: User) -> Iterator[Callable[[], str]]:
    """Return a function that asks the site for a picture, and returns the job's id."""
    with as_service("test token"):
        _token, secret = issue_token(user=user, name="Test", scopes=["read", "write"])
    headers = {"Authorization": f"Bearer {secret}"}
    with httpx.Client(base_url=f"{live_site.url}/api/v1/", headers=headers, timeout=30) as client:

        def asked() -> str:
            answer = client.post("jobs", json={"prompt": "a castle", "preset": "tiny"})
            assert answer.status_code == 202, answer.text
            return answer.json()["jobs"][0]["id"]

        yield asked


def rung() -> int:
    """How many doorbells lie in the broker."""
    return live.redis().llen(f"{settings.NAMESPACE}:dramatiq:gpu.image")


def test_work_that_is_committed_here_is_given_without_a_bell(
    worker: Callable[[str], httpx.Client], ask: Callable[[], str]
) -> None:
    """In turn: first to the one that has waited longest."""
    waiting = []
    for number in range(2):
        waiting.append(Waiting(worker(f"worker-{number}"), 25))
        time.sleep(1)
    asked = [ask(), ask()]
    answers = [one.result()[0] for one in waiting]
    assert [answer.json()["job"]["id"] for answer in answers] == asked
    assert answers[0].headers["Preference-Applied"] == "wait=25"
    assert rung() == 0
    asked.append(ask())
    assert rung() == 1
    assert Waiting(worker("late"), 25).result()[0].json()["job"]["id"] == asked[-1]


def test_who_may_not_have_it_is_given_nothing_and_others_are_rung(
    worker: Callable[[str], httpx.Client], ask: Callable[[], str]
) -> None:
    waiting = Waiting(worker("drained"), 6)
    time.sleep(1)
    drain("drained")
    job_id = ask()
    assert rung() == 1
    assert waiting.result()[0].status_code == 204
    assert Waiting(worker("other"), 25).result()[0].json()["job"]["id"] == job_id


def test_the_bell_is_for_the_next_who_waits(
    worker: Callable[[str], httpx.Client], ask: Callable[[], str]
) -> None:
    first = Waiting(worker("drained"), 25)
    time.sleep(1)
    second = Waiting(worker("other"), 25)
    time.sleep(1)
    drain("drained")
    job_id = ask()
    answer, seconds = second.result()
    assert answer.json()["job"]["id"] == job_id
    # By the bell, not by its own look every few seconds.
    assert seconds < 2.5 and first.answer is None


def test_who_has_gone_is_given_nothing(
    worker: Callable[[str], httpx.Client], ask: Callable[[], str]
) -> None:
    client = worker("gone")
    with pytest.raises(httpx.ReadTimeout):
        client.post("claim", json=CLAIM, headers={"Prefer": "wait=25"}, timeout=1.5)
    time.sleep(0.5)
    job_id = ask()
    assert Waiting(worker("other"), 25).result()[0].json()["job"]["id"] == job_id


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
    waiting = Waiting(worker("drained"), 4)
    time.sleep(1)
    drain("drained")
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
