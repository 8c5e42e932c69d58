"""Waiting for a job over HTTP (`Prefer: wait`) and following it as events, on a real site. Not for
what the answers look like without waiting: see tests/api/test_jobs.py.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from accounts.models import User
from accounts.services import issue_token
from jobs import leases, outcomes
from jobs.leases import Holder
from jobs.models import Job
from ourvidz import patience
from ourvidz.destinations import Failure, Output
from ourvidz.rows import as_service
from tests.site import LiveSite, wait_until

WANTED = {"prompt": "a castle", "preset": "starter-fast", "destination": "workspace"}

pytestmark = pytest.mark.usefixtures("live_site", "presets")


@pytest.fixture
def client(live_site: LiveSite, user: User) -> Iterator[httpx.Client]:
    with as_service("test token"):
        _token, secret = issue_token(user=user, name="Test", scopes=["read", "write"])
    headers = {"Authorization": f"Bearer {secret}"}
    with httpx.Client(base_url=f"{live_site.url}/api/v1/", headers=headers, timeout=30) as made:
        yield made


class Aside:
    """A request in a thread of its own, while the test goes on."""

    def __init__(self, ask: Callable[[], httpx.Response]) -> None:
        self.answers: list[httpx.Response] = []
        self.thread = threading.Thread(target=lambda: self.answers.append(ask()), daemon=True)
        self.thread.start()

    def answer(self) -> httpx.Response:
        self.thread.join(20)
        assert self.answers, "No answer within 20 s."
        return self.answers[0]


def _claim(worker: Holder) -> Job:
    found: list[Job] = []

    def claimed() -> bool:
        with as_service("test"):
            job = leases.claim_job(worker=worker, queues=["gpu.image"], presets=[])
        found.extend([job] if job else [])
        return bool(job)

    wait_until(claimed, 10, "a job to claim")
    return found[0]


def _finish(worker: Holder, job: Job, uploaded: Callable[[Job], Output]) -> None:
    with as_service("test"):
        made = outcomes.Made(job_id=job.pk, attempt=job.attempt, output=uploaded(job))
        outcomes.finish_jobs(worker=worker, made=[made])


def _fail(worker: Holder, job: Job) -> None:
    which = {"worker": worker, "job_id": job.pk, "attempt": job.attempt}
    with as_service("test"):
        outcomes.fail_job(**which, failure=Failure(code="engine_error"), retryable=False)


def test_the_answer_comes_when_all_is_finished(
    client: httpx.Client, worker: Holder, uploaded: Callable[[Job], Output]
) -> None:
    prefer = {"Prefer": "respond-async, wait=20"}
    asked = Aside(lambda: client.post("jobs", json=WANTED | {"count": 2}, headers=prefer))
    first = _claim(worker)
    _finish(worker, first, uploaded)
    second = _claim(worker)
    time.sleep(0.6)
    assert not asked.answers, "It answered after the first of two."
    before = time.monotonic()
    _fail(worker, second)
    answer = asked.answer()
    assert time.monotonic() - before < 5
    assert answer.status_code == 200
    assert answer.headers["Preference-Applied"] == "wait=20"
    assert patience.WAIT not in answer.headers
    assert [job["status"] for job in answer.json()["jobs"]] == ["succeeded", "failed"]
    assert answer.json()["counts"] == {
        "queued": 0,
        "running": 0,
        "succeeded": 1,
        "failed": 1,
        "canceled": 0,
    }


def test_what_is_not_finished_in_time_is_accepted(client: httpx.Client) -> None:
    before = time.monotonic()
    answer = client.post("jobs", json=WANTED, headers={"Prefer": "wait=1"})
    assert time.monotonic() - before >= 1
    assert answer.status_code == 202
    assert answer.headers["Location"] == answer.json()["urls"]["status"]
    assert answer.json()["counts"]["queued"] == 1


def test_a_job_can_be_waited_for_later(client: httpx.Client, worker: Holder) -> None:
    urls = client.post("jobs", json=WANTED).json()["urls"]
    asked = Aside(lambda: client.get(urls["status"], headers={"Prefer": "wait=20"}))
    job = _claim(worker)
    _fail(worker, job)
    assert asked.answer().json()["status"] == "failed"
    assert client.get(urls["status"], headers={"Prefer": "wait=20"}).elapsed.total_seconds() < 5


def test_many_who_wait_hold_up_nobody(client: httpx.Client, user: User) -> None:
    """More than the server has threads or connections: others are answered meanwhile."""
    url = client.post("jobs", json=WANTED).json()["urls"]["status"]
    limits = httpx.Limits(max_connections=120)
    with httpx.Client(headers=client.headers, limits=limits, timeout=60) as many:
        asked = [Aside(lambda: many.get(url, headers={"Prefer": "wait=15"})) for _ in range(60)]
        time.sleep(3)
        before = time.monotonic()
        assert client.get("me").status_code == 200
        assert client.post("jobs", json=WANTED).status_code == 202
        assert time.monotonic() - before < 5
        assert client.post(f"{url}/cancel").json()["outcome"] == "canceled"
        assert {one.answer().json()["status"] for one in asked} == {"canceled"}


def test_a_refusal_does_not_wait(client: httpx.Client) -> None:
    before = time.monotonic()
    wanted = WANTED | {"prompt": ""}
    answer = client.post("jobs", json=wanted, headers={"Prefer": "wait=20"})
    assert (answer.status_code, answer.json()["code"]) == (422, "prompt_empty")
    assert time.monotonic() - before < 10


def _events(response: httpx.Response) -> Iterator[tuple[str, Any]]:
    name = ""
    for line in response.iter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def test_a_job_is_followed_as_events(client: httpx.Client, worker: Holder) -> None:
    url = client.post("jobs", json=WANTED).json()["urls"]["events"]
    with client.stream("GET", url, headers={"Accept": "text/event-stream"}) as response:
        assert response.headers["Content-Type"] == "text/event-stream"
        events = _events(response)
        assert next(events)[1]["status"] == "queued"
        job = _claim(worker)
        assert next(events)[1]["status"] == "running"
        with as_service("test"):
            leases.record_progress(worker=worker, job_id=job.pk, attempt=1, step=3, of=9)
        told = next(fields for name, fields in events if name == "progress")
        assert told == {"step": 3, "of": 9}
        _fail(worker, job)
        assert [state["status"] for name, state in events if name == "state"][-1] == "failed"


def test_the_events_of_a_finished_job_are_its_state(client: httpx.Client) -> None:
    urls = client.post("jobs", json=WANTED).json()["urls"]
    client.post(urls["cancel"])
    answer = client.get(urls["events"])
    assert answer.text.count("event: ") == 1
    assert '"canceled"' in answer.text


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("wait=10", 10),
        ("respond-async, wait=10", 10),
        ('Wait = "7"; x=1', 7),
        ("wait=99999", patience.WAIT_LIMIT),
        ("wait=-1", 0),
        ("wait=soon", 0),
        ("return=minimal", 0),
        ("", 0),
    ],
)
def test_reads_the_preference(header: str, seconds: int) -> None:
    assert patience.wanted_seconds(header) == seconds
