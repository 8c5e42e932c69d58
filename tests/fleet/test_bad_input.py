"""What a broken or hostile worker may send, as far as tests/workers/test_protocol.py does not have
it: huge bodies over a real connection, presets that nobody knows, pictures of another size, type or
kind, a clock that is an hour off.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.utils import timezone

from jobs import leases
from library.models import Media
from ourvidz.rows import as_service, as_user
from tests.site import LiveSite
from tests.workers.conftest import Hand
from workers.services import issue_worker_token

MIB = 1024 * 1024


def no_media(user: Any) -> bool:
    with as_user(user):
        return not Media.objects.for_user(user).exists()


@pytest.mark.parametrize(
    ("announced", "status", "code"),
    # A body whose length is not announced is not looked at.
    [(True, 413, "body_too_large"), (False, 400, "invalid")],
)
def test_a_callback_of_50_megabytes_is_refused(
    live_site: LiveSite, announced: bool, status: int, code: str
) -> None:
    with as_service("test"):
        secret = issue_worker_token(name="loud")
    start = json.dumps({"status": "failed", "timings": {}, "error": {"code": "x"}})[:-1].encode()

    def body() -> Iterator[bytes]:
        yield start + b', "more": "'
        for _ in range(50):
            yield b"x" * MIB
        yield b'"}'

    content: Any = b"".join(body()) if announced else body()
    answer = httpx.post(
        f"{live_site.url}/api/v1/worker/job-callback",
        content=content,
        headers={"Authorization": f"Bearer {secret}", "Content-Type": "application/json"},
        timeout=60,
    )
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_preset_that_nobody_knows_gets_no_job(hand: Any, preset: Any, queue: Any) -> None:
    queue()
    body = {"queues": ["gpu.image"], "presets": ["made-up"], "loaded_preset": "made-up"}
    assert hand.post("claim", body).status_code == 204
    assert hand.post("claim", {"queues": ["made.up"]}).status_code == 204


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"mime_type": "image/jpeg"}, 200),
        ({"mime_type": "video/mp4"}, 200),
        ({"mime_type": "text/html"}, 400),
        ({"sha256": "short"}, 400),
        ({"bytes": 0}, 400),
        ({"width": 10**9}, 400),
        ({"width": 65}, 200),
        ({"seed": -1}, 400),
    ],
)
def test_an_output_that_is_not_what_was_asked_is_not_taken(
    hand: Any,
    preset: Any,
    queue: Any,
    fresh: Any,
    png: bytes,
    user: Any,
    changes: Any,
    status: int,
    caplog: Any,
) -> None:
    [job] = queue()
    claimed = hand.claim()
    hand.upload(claimed, png)
    answer = hand.succeed(claimed, png, **changes)
    assert answer.status_code == status
    if status == 200:
        assert answer.json() == {"accepted": False, "reason": "output_wrong"}
        assert fresh(job).status == "queued"
        assert f"one: its file of job {job.pk} was refused: output_wrong" in caplog.text
    else:
        assert fresh(job).status == "running"
    assert no_media(user)


def test_a_picture_cut_short_is_not_taken(
    hand: Any, preset: Any, queue: Any, fresh: Any, png: bytes, user: Any
) -> None:
    """Size and checksum are right, and still it is no picture that anybody could look at."""
    [job] = queue()
    claimed, cut = hand.claim(), png[:40]
    assert hand.upload(claimed, cut).status_code == 201
    assert hand.succeed(claimed, cut).json() == {"accepted": False, "reason": "output_wrong"}
    assert fresh(job).status == "queued"
    assert no_media(user)


def test_a_result_without_an_upload_is_not_taken_from_another_job(
    hand: Any, preset: Any, queue: Any, fresh: Any, png: bytes
) -> None:
    queue(count=2)
    one, other = hand.claim(), hand.claim()
    hand.upload(one, png)
    assert hand.succeed(other, png).json()["reason"] == "output_missing"
    assert hand.succeed(one, png).json()["accepted"]


@pytest.mark.parametrize("timings", [{"denoise": -1}, {"denoise": "long"}, {"denoise": 1e400}])
def test_timings_of_a_broken_clock_are_refused(
    hand: Any, preset: Any, queue: Any, fresh: Any, png: bytes, timings: Any
) -> None:
    [job] = queue()
    claimed = hand.claim()
    hand.upload(claimed, png)
    answer = hand.callback(claimed, status="succeeded", output={}, timings=timings)
    assert answer.status_code == 400
    assert fresh(job).status == "running"


def test_a_workers_clock_decides_nothing(
    new_hand: Any, preset: Any, queue: Any, fresh: Any, png: bytes
) -> None:
    """No call carries a time of the worker's: leases are counted by the server alone."""
    [job] = queue()
    hand: Hand = new_hand("an hour off")
    claimed = hand.claim()
    assert not [name for name in claimed if name.endswith("_at")]
    assert claimed["lease_seconds"] < 3600
    with as_service("test"):
        assert leases.sweep_leases(now=timezone.now()) == 0
        assert fresh(job).lease_expires_at - timezone.now() < timedelta(minutes=2)
    hand.upload(claimed, png)
    assert hand.succeed(claimed, png).json()["accepted"]
    finished = fresh(job)
    assert timezone.now() - finished.finished_at < timedelta(minutes=1)
