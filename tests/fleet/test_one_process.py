"""Two processes with one token: the later one is the worker, the earlier one is told so."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from benchmarks._chaos_site import WORKER
from jobs.models import Job
from ourvidz import live
from ourvidz.rows import as_service
from tests.site import LiveSite, wait_until
from tests.workers.conftest import Hand
from workers.gpu.__main__ import CANNOT_START
from workers.models import WorkerUrl
from workers.services import issue_worker_token

pytestmark = pytest.mark.usefixtures("empty_redis")

CLAIM = {"queues": ["gpu.image"]}
BEAT = {"status": "idle"}


class Process:
    """A process of the worker, as its requests show it."""

    def __init__(self, hand: Hand, name: str) -> None:
        headers = {"Authorization": f"Bearer {hand.secret}"}
        self.client = Client(headers=headers | ({"Ourvidz-Process": name} if name else {}))

    def post(self, call: str, body: Any) -> Any:
        """Make one call of the protocol; the response."""
        return self.client.post(f"/api/v1/worker/{call}", body, content_type="application/json")


def told(response: Any) -> bool:
    """Whether the answer says that another process has come."""
    return response.status_code == 409 and response.json()["code"] == "worker_replaced"


def test_the_earlier_one_is_told(hand: Hand) -> None:
    first, second = Process(hand, "first"), Process(hand, "second")
    first.post("register", CLAIM)
    assert first.post("claim", CLAIM).status_code == 204
    second.post("register", CLAIM)
    assert told(first.post("claim", CLAIM))
    assert told(first.post("heartbeat", BEAT))
    assert second.post("claim", CLAIM).status_code == 204
    assert second.post("heartbeat", BEAT).status_code == 200


def test_what_the_earlier_one_had_is_taken_back_at_once(
    hand: Hand, preset: Any, queue: Any, fresh: Any
) -> None:
    """After a crash too: nobody waits for the lease of a process that has started anew."""
    [job] = queue()
    first, second = Process(hand, "first"), Process(hand, "second")
    first.post("register", CLAIM)
    assert first.post("claim", CLAIM).status_code == 200
    second.post("register", CLAIM)
    assert (fresh(job).status, fresh(job).attempt) == ("queued", 1)


def test_a_claim_whose_answer_was_lost_is_taken_back(
    hand: Hand, preset: Any, queue: Any, fresh: Any
) -> None:
    [job] = queue()
    claimed = hand.claim()
    hand.post("heartbeat", BEAT)
    assert fresh(job).status == "running", "the answer may be on its way"
    with as_service("test"):
        Job.objects.update(started_at=timezone.now() - timedelta(minutes=1))
    hand.post("heartbeat", {"status": "busy", "job_ids": [claimed["id"]]})
    assert fresh(job).status == "running"
    hand.post("heartbeat", BEAT)
    assert (fresh(job).status, fresh(job).not_before) == ("queued", None)


def test_who_says_good_bye_holds_nothing(hand: Hand, preset: Any, queue: Any, fresh: Any) -> None:
    [job] = queue()
    hand.claim()
    hand.post("heartbeat", {"status": "stopping"})
    assert fresh(job).status == "queued"


@pytest.mark.heavy
@pytest.mark.timeout(300)
def test_of_two_real_processes_the_earlier_one_ends(live_site: LiveSite) -> None:
    with as_service("test"):
        secret = issue_worker_token(name="twin")
    told = {"OURVIDZ_URL": live_site.url, "OURVIDZ_WORKER_TOKEN": secret, "DATABASE_URL": ""}
    first = live_site.spawn("first", WORKER, **told)
    wait_until(lambda: _status("twin") == "active", 60, "the first one registers")
    second = live_site.spawn("second", WORKER, **told)
    wait_until(lambda: not first.running(), 60, "the first one ends")
    assert first.process.returncode == CANNOT_START
    assert "one token is for one process" in first.output()
    assert second.running()


def _status(name: str) -> str:
    with as_service("test"):
        return WorkerUrl.objects.get(name=name).status


def test_workers_of_the_release_before_name_no_process(hand: Hand) -> None:
    old = Process(hand, "")
    old.post("register", CLAIM)
    assert old.post("claim", CLAIM).status_code == 204
    Process(hand, "new").post("register", CLAIM)
    assert old.post("claim", CLAIM).status_code == 204


def test_where_redis_has_forgotten_nobody_is_turned_away(hand: Hand) -> None:
    first = Process(hand, "first")
    first.post("register", CLAIM)
    for key in live.redis().scan_iter(f"{settings.NAMESPACE}:worker-process:*"):
        live.redis().delete(key)
    assert first.post("heartbeat", BEAT).status_code == 200
