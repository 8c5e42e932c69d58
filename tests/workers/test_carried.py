"""Small files that travel with the report of a job: kept by the same signatures as uploads by
themselves, refused alike, and sent by themselves where the server does not take them so."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from ourvidz import storage
from ourvidz.rows import as_service
from tests.storage.conftest import REFUSES
from tests.workers.conftest import Hand
from tests.workers.test_gpu_parts import JOB
from workers import results
from workers.gpu.job import Target
from workers.gpu.making import Ending
from workers.gpu.outputs import Output
from workers.gpu.shipping import Shipping
from workers.gpu.state import State

CLAIM = {"queues": ["gpu.image"]}


def token(job: dict[str, Any], name: str = "upload") -> str:
    """The signature in an upload url."""
    return str(job["output"][name]["url"]).rpartition("/")[2]


def report(
    hand: Hand, job: dict[str, Any], png: bytes, also: list[Any] | None = None, **files: bytes
) -> Any:
    """Report a job as done, with files named by their tokens; the response."""
    said = json.dumps(hand.success(job, png, CLAIM) | ({"also": also} if also else {}))
    parts = {name: SimpleUploadedFile("file", data, "image/png") for name, data in files.items()}
    client = Client(headers={"Authorization": f"Bearer {hand.secret}"})
    return client.post("/api/v1/worker/job-callback", {"report": said} | parts)


def test_a_report_brings_its_files(
    hand: Any, preset: Any, queue: Any, fresh: Any, png: bytes
) -> None:
    [row] = queue()
    job = hand.claim()
    assert job["output"]["carried_bytes"] == results.CARRIED_BYTES
    answer = report(hand, job, png, **{token(job): png})
    assert answer.json() == {"accepted": True, "reason": "", "more": False}
    assert fresh(row).status == "succeeded"
    with as_service("test"):
        target = results.targets([fresh(row)])[0]
    with storage.open(target.bucket, target.key) as file:
        assert file.read() == png
    assert storage.exists(target.bucket, storage.thumbnail_key(target.key))
    # Again, as after an answer that was lost: nothing changes.
    assert report(hand, job, png, **{token(job): png}).json()["accepted"]


@pytest.mark.parametrize(
    ("name", "data", "status"),
    [
        ("forged", None, 403),
        ("", b"<html>", 415),
        ("", b"", 415),
    ],
)
def test_a_file_that_may_not_be_kept_is_refused(
    hand: Any, preset: Any, queue: Any, fresh: Any, png: bytes, name: str, data: Any, status: int
) -> None:
    [row] = queue()
    job = hand.claim()
    answer = report(hand, job, png, **{name or token(job): png if data is None else data})
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert fresh(row).status == "running"


def test_more_than_may_travel_is_refused(
    hand: Any, preset: Any, queue: Any, png: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue()
    job = hand.claim()
    large = png + bytes(results.CARRIED_BYTES + 100_000)
    assert report(hand, job, png, **{token(job): large}).status_code == 413
    # Of one file, its own signature says how much.
    monkeypatch.setattr(results, "CARRIED_BYTES", 4 * results.CARRIED_BYTES)
    thumbnail = token(job, "thumbnail_upload")
    assert report(hand, job, png, **{thumbnail: large}).status_code == 413


def test_a_report_tells_of_several(
    hand: Any, preset: Any, queue: Any, fresh: Any, png: bytes
) -> None:
    rows = queue(count=3)
    first, good, broken = [hand.claim() for _ in rows]
    told = [hand.success(good, png), hand.success(broken, png)]
    told[1]["output"]["sha256"] = "0" * 64
    files = {token(job): png for job in (first, good, broken)}
    answer = report(hand, first, png, also=told, **files).json()
    assert answer.pop("accepted")
    assert answer["also"] == [
        {"accepted": True, "reason": ""},
        {"accepted": False, "reason": "output_wrong"},
    ]
    assert sorted(fresh(row).status for row in rows) == ["queued", "succeeded", "succeeded"]
    again = report(hand, first, png, also=told[:1], **files).json()
    assert again["also"] == [{"accepted": True, "reason": ""}]


def test_one_of_several_may_be_over(
    hand: Any, preset: Any, queue: Any, fresh: Any, png: bytes
) -> None:
    queue(count=2)
    first, late = hand.claim(), hand.claim()
    over = hand.success(late, png) | {"attempt": 2}
    failed = {"job_id": late["id"], "attempt": 1, "status": "failed"}
    failed["error"] = {"code": "engine_error", "retryable": False}
    files = {token(job): png for job in (first, late)}
    answer = report(hand, first, png, also=[over], **files).json()
    assert answer["also"] == [{"accepted": False, "reason": "job_not_leased"}]
    # What goes wrong may come beside what does not, and so may the same again.
    answer = report(hand, first, png, also=[failed], **files).json()
    assert answer["also"] == [{"accepted": True, "reason": ""}]
    # Where the first is over, the call is refused: it is tried alone, as the others are.
    said = hand.success(first, png) | {"attempt": 2, "also": [failed]}
    assert hand.post("job-callback", said).status_code == 409


def test_a_report_without_words_is_refused(hand: Any, preset: Any, queue: Any, png: bytes) -> None:
    queue()
    client = Client(headers={"Authorization": f"Bearer {hand.secret}"})
    answer = client.post("/api/v1/worker/job-callback", {"other": "x"})
    assert answer.status_code == 400


def test_a_storage_that_refuses_leaves_the_job_with_its_worker(
    hand: Any, preset: Any, queue: Any, fresh: Any, png: bytes, settings: Any
) -> None:
    [row] = queue()
    job = hand.claim()
    settings.STORAGE_DIR = settings.STORAGE_ALTERNATIVE_DIR = REFUSES
    assert report(hand, job, png, **{token(job): png}).status_code >= 500
    assert fresh(row).status == "running"


def test_an_object_store_has_its_own_way(
    hand: Any, preset: Any, queue: Any, s3_bucket: Any, settings: Any
) -> None:
    for name, value in s3_bucket.environment().items():
        setattr(settings, name, value)
    queue()
    assert hand.claim()["output"]["carried_bytes"] == 0


class Server:
    """What a process sends, kept; `takes` so many jobs with one report."""

    def __init__(self, *, takes: int) -> None:
        self.takes, self.calls = takes, list[tuple[str, Any]]()

    def deliver(self, bodies: Any, files: dict[str, Output], most: int) -> tuple[list[Any], int]:
        self.calls.append(("deliver", sorted(files)))
        return [], min(self.takes, len(bodies))

    def upload(self, target: Target, *_: Any) -> None:
        self.calls.append(("upload", target.url))

    def callback(self, body: Any, patience: float, most: int) -> list[Any]:
        self.calls.append(("callback", body["status"]))
        return []


def shipped(server: Server, carried: int, count: int = 1) -> list[tuple[str, Any]]:
    """Send alike pictures; what the server heard, in its order but for uploads side by side."""
    shipping = Shipping(server, State())  # type: ignore[arg-type]
    shipping.take([ending(number, carried) for number in range(count)], 1, is_last=True)
    shipping.close()
    return sorted(server.calls, key=lambda call: call[0] != "deliver")


def ending(number: int, carried: int) -> Ending:
    """A job of that number with its picture."""
    job = replace(
        JOB,
        id=str(number),
        carried_bytes=carried,
        upload=replace(JOB.upload, url=f"/file{number}"),
        thumbnail_upload=Target("PUT", f"/small{number}", {"Content-Type": "image/webp"}),
    )
    return Ending(job, Image.new("RGB", (64, 64), "teal"))


def test_small_files_travel_with_the_report() -> None:
    assert shipped(Server(takes=1), 100_000) == [("deliver", ["/file0", "/small0"])]


def test_what_is_refused_so_goes_by_itself() -> None:
    first, *rest = shipped(Server(takes=0), 100_000)
    assert first[0] == "deliver"
    assert sorted(rest[:-1]) == [("upload", "/file0"), ("upload", "/small0")]
    assert rest[-1] == ("callback", "succeeded")


@pytest.mark.parametrize("carried", [0, 100])
def test_what_is_too_large_goes_by_itself(carried: int) -> None:
    calls = shipped(Server(takes=1), carried)
    assert {name for name, _ in calls} == {"upload", "callback"}


def test_one_report_brings_several() -> None:
    assert shipped(Server(takes=9), 100_000, 3) == [
        ("deliver", ["/file0", "/file1", "/file2", "/small0", "/small1", "/small2"])
    ]


def test_a_report_is_sent_when_no_more_fits() -> None:
    # One is 500 to 1,000 bytes.
    calls = shipped(Server(takes=9), 2_000, 4)
    assert {name for name, _ in calls} == {"deliver"}
    assert len(calls) > 1
    assert sum(len(files) for _, files in calls) == 8


def test_a_server_of_an_older_release_takes_one_of_several() -> None:
    first, *rest = shipped(Server(takes=1), 100_000, 3)
    assert first[0] == "deliver"
    assert [call for call in rest if call[0] == "callback"] == [("callback", "succeeded")] * 2
    assert ("upload", "/file0") not in rest
    assert {("upload", "/file1"), ("upload", "/file2")} < set(rest)
