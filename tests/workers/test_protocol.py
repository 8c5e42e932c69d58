"""The worker protocol as the server keeps it, with workers that forge, repeat and come too late."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from jobs import leases
from jobs.models import Job, Preset
from jobs.services import cancel_job
from jobs.specs import ReferenceSpec
from library.models import Media
from library.references import delete_reference
from ourvidz.errors import sentence
from ourvidz.rows import as_service, as_user
from tests.storage.factories import make_reference
from workers.models import WorkerUrl

CALLS = ["register", "heartbeat", "claim", "progress", "job-callback"]


def webp(size: int = 100) -> str:
    """Base64 of what begins like a WebP."""
    return base64.b64encode(b"RIFF\0\0\0\0WEBP".ljust(size, b"\0")).decode()


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("token", ["", "ovw_forged", "ovz_a-persons", "ovw_" + "x" * 5000])
def test_forged_tokens_are_refused(hand: Any, call: str, token: str) -> None:
    response = hand.post(call, token=token)
    assert response.status_code == 401
    assert response.json()["code"] == "worker_token_invalid"
    assert response.headers["Content-Type"] == "application/problem+json"


def test_an_expired_token_is_refused(hand: Any) -> None:
    with as_service("test"):
        past = timezone.now() - timedelta(seconds=1)
        WorkerUrl.objects.filter(name=hand.name).update(token_expires_at=past)
    assert hand.post("claim", {"queues": ["gpu.image"]}).status_code == 401


def test_a_new_token_ends_the_old_one(new_hand: Any) -> None:
    old, new = new_hand("same"), new_hand("same")
    assert old.post("claim", {"queues": ["gpu.image"]}).status_code == 401
    assert new.post("claim", {"queues": ["gpu.image"]}).status_code == 204


def test_a_disabled_worker_is_refused(hand: Any) -> None:
    with as_service("test"):
        WorkerUrl.objects.update(status=WorkerUrl.Status.DISABLED)
    response = hand.post("heartbeat", {"status": "idle"})
    assert (response.status_code, response.json()["code"]) == (403, "worker_disabled")


def test_a_worker_token_opens_nothing_else(hand: Any, client: Any) -> None:
    headers = {"Authorization": f"Bearer {hand.secret}"}
    for address in ("/api/v1/jobs/", "/api/v1/media/", "/api/v1/me/"):
        assert client.get(address, headers=headers).status_code in (401, 404)


def test_the_token_is_kept_as_a_digest_only(hand: Any) -> None:
    assert hand.secret not in str(vars(hand.row()))


def test_register_fills_the_row(hand: Any) -> None:
    body = {"queues": ["gpu.video"], "device": "cuda H100", "memory_bytes": 85 << 30}
    body["loras"] = ["styles/ink.safetensors"]
    answer = hand.post("register", body | {"version": "0.1.0"}).json()
    row = hand.row()
    assert row.loras == body["loras"]
    assert (row.queues, row.device, row.memory_bytes) == (["gpu.video"], "cuda H100", 85 << 30)
    assert (row.status, answer["name"]) == ("active", "one")
    assert answer["lease_seconds"] > 2 * answer["heartbeat_seconds"]


def test_a_claim_describes_the_job_once(hand: Any, preset: Any, queue: Any) -> None:
    queue(parameters={"steps": 3})
    job = hand.claim()
    assert job["prompt"] == "a castle in the snow"
    assert job["preset"] == {
        "slug": "tiny",
        "family": "sdxl",
        "source": "/nowhere/tiny",
        "revision": "",
        "options": {},
    }
    assert job["references"] == []
    assert (job["attempt"], job["seed"], job["parameters"]["steps"]) == (1, 7, 3)
    assert str(hand.row().current_job_id) == job["id"]
    assert hand.post("claim", {"queues": ["gpu.image"]}).status_code == 204


def test_a_claim_takes_only_what_the_worker_can(hand: Any, preset: Any, queue: Any) -> None:
    queue()
    for body in ({"queues": ["gpu.video"]}, {"queues": ["gpu.image"], "presets": ["other"]}):
        assert hand.post("claim", body).status_code == 204
    assert hand.post("claim", {"queues": ["gpu.image"], "presets": ["tiny"]}).status_code == 200


def test_a_draining_worker_gets_no_job(hand: Any, preset: Any, queue: Any) -> None:
    queue()
    with as_service("test"):
        WorkerUrl.objects.update(status=WorkerUrl.Status.DRAINING)
    assert hand.post("heartbeat", {"status": "idle"}).json()["drain"] is True
    assert hand.post("claim", {"queues": ["gpu.image"]}).status_code == 204


def test_a_result_reaches_the_library(
    hand: Any, preset: Any, queue: Any, fresh: Any, png: bytes, user: Any
) -> None:
    [job] = queue()
    claimed = hand.claim()
    assert hand.upload(claimed, png).status_code == 201
    assert hand.succeed(claimed, png).json() == {"accepted": True, "reason": ""}
    assert fresh(job).status == "succeeded"
    with as_user(user):
        media = Media.objects.for_user(user).get()
    assert (media.bytes, media.seed, media.width) == (len(png), 7, 64)
    assert hand.row().current_job_id is None


def test_a_repeated_callback_changes_nothing(
    hand: Any, preset: Any, queue: Any, png: bytes, user: Any
) -> None:
    queue()
    claimed = hand.claim()
    hand.upload(claimed, png)
    answers = [hand.succeed(claimed, png) for _ in range(3)]
    assert [answer.json()["accepted"] for answer in answers] == [True] * 3
    with as_user(user):
        assert Media.objects.for_user(user).count() == 1


def test_a_repeated_failure_changes_nothing(hand: Any, preset: Any, queue: Any, fresh: Any) -> None:
    [job] = queue()
    claimed = hand.claim()
    for _ in range(2):
        assert hand.fail(claimed, "bad_parameters", reason="width: 63").status_code == 200
    assert fresh(job).history.count() == 0  # nobody's eyes
    with as_service("test"):
        states = list(job.history.order_by("created_at", "id").values_list("status", flat=True))
    assert states == ["queued", "running", "failed"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"sha256": "0" * 64}, "output_wrong"), ({"bytes": 1}, "output_wrong")],
)
def test_a_file_that_is_not_what_was_said_is_not_taken(
    hand: Any, preset: Any, queue: Any, fresh: Any, png: bytes, changes: Any, reason: str
) -> None:
    [job] = queue()
    claimed = hand.claim()
    hand.upload(claimed, png)
    answer = hand.succeed(claimed, png, **changes)
    assert answer.json() == {"accepted": False, "reason": reason}
    assert (fresh(job).status, fresh(job).attempt) == ("queued", 1)


def test_a_file_that_never_came_is_not_taken(
    hand: Any, preset: Any, queue: Any, fresh: Any, png: bytes
) -> None:
    [job] = queue()
    answer = hand.succeed(hand.claim(), png)
    assert answer.json() == {"accepted": False, "reason": "output_missing"}
    assert fresh(job).status == "queued"


def test_an_upload_that_is_no_picture_is_refused(hand: Any, preset: Any, queue: Any) -> None:
    queue()
    assert hand.upload(hand.claim(), b"<html>").status_code == 415


def test_another_workers_job_cannot_be_touched(
    hand: Any, new_hand: Any, preset: Any, queue: Any, fresh: Any, png: bytes
) -> None:
    [job] = queue()
    claimed, thief = hand.claim(), new_hand("two")
    hand.upload(claimed, png)
    for answer in (
        thief.progress(claimed),
        thief.succeed(claimed, png),
        thief.fail(claimed, "engine_error"),
        thief.callback(claimed, status="canceled"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "job_not_leased")
    beat = {"status": "busy", "current_job_id": claimed["id"]}
    assert thief.post("heartbeat", beat).json()["cancel"] == [claimed["id"]]
    assert fresh(job).status == "running"


def test_a_job_that_was_never_claimed_cannot_be_reported(
    hand: Any, preset: Any, queue: Any, png: bytes
) -> None:
    [job] = queue()
    unclaimed = {"id": str(job.pk), "attempt": 1, "seed": 7}
    assert hand.succeed(unclaimed, png).status_code == 409
    assert hand.progress(unclaimed).status_code == 409


def test_a_lost_lease_gives_the_job_to_the_next_worker(
    hand: Any, new_hand: Any, preset: Any, queue: Any, fresh: Any, png: bytes
) -> None:
    [job] = queue()
    late = hand.claim()
    with as_service("test"):
        assert leases.sweep_leases(now=timezone.now()) == 0
        assert leases.sweep_leases(now=timezone.now() + timedelta(hours=1)) == 1
        Job.objects.update(not_before=None)
    assert fresh(job).status == "queued"
    taken = new_hand("two").claim()
    assert (taken["id"], taken["attempt"]) == (late["id"], 2)
    assert taken["output"]["upload"]["url"] != late["output"]["upload"]["url"]
    hand.upload(late, png)
    assert hand.succeed(late, png).status_code == 409
    assert hand.progress(late).status_code == 409
    beat = {"status": "busy", "current_job_id": late["id"]}
    assert hand.post("heartbeat", beat).json()["cancel"] == [late["id"]]


def test_a_heartbeat_keeps_the_lease(hand: Any, preset: Any, queue: Any, fresh: Any) -> None:
    [job] = queue()
    claimed = hand.claim()
    soon = timezone.now() + timedelta(seconds=1)
    with as_service("test"):
        Job.objects.update(lease_expires_at=soon)
    beat = {"status": "busy", "current_job_id": claimed["id"]}
    assert hand.post("heartbeat", beat).json() == {"drain": False, "cancel": []}
    assert fresh(job).lease_expires_at > soon


def test_a_canceled_job_is_told_at_the_next_step(
    hand: Any, preset: Any, queue: Any, fresh: Any, user: Any
) -> None:
    [job] = queue()
    claimed = hand.claim()
    assert hand.progress(claimed, preview=webp()).json() == {"cancel": False}
    with as_user(user):
        assert cancel_job(user=user, job_id=job.pk) == "canceling"
    beat = {"status": "busy", "current_job_id": claimed["id"]}
    # The row says so too, should Redis have forgotten.
    assert hand.post("heartbeat", beat).json()["cancel"] == [claimed["id"]]
    assert hand.callback(claimed, status="canceled").status_code == 200
    assert fresh(job).status == "canceled"


def test_a_failure_that_may_pass_is_tried_again(
    hand: Any, preset: Any, queue: Any, fresh: Any
) -> None:
    [job] = queue()
    hand.fail(hand.claim(), "out_of_memory", retryable=True)
    again = fresh(job)
    assert (again.status, again.attempt) == ("queued", 1)
    assert again.not_before > timezone.now()


def test_a_job_that_is_handed_back_waits_for_nothing(
    hand: Any, preset: Any, queue: Any, fresh: Any
) -> None:
    [job] = queue()
    for attempt in range(1, 6):
        claimed = hand.claim()
        assert claimed["attempt"] == attempt
        hand.fail(claimed, "worker_handed_back", retryable=True)
    assert fresh(job).status == "queued"


def test_a_missing_model_fails_with_a_readable_reason(
    hand: Any, preset: Any, queue: Any, fresh: Any
) -> None:
    [job] = queue()
    hand.fail(hand.claim(), "model_missing", model="tiny")
    failed = fresh(job)
    assert failed.status == "failed"
    assert "tiny" in sentence(failed.failure_code, failed.failure_params)


def test_a_job_whose_preset_was_deleted_fails(
    hand: Any, preset: Any, queue: Any, fresh: Any
) -> None:
    [job] = queue()
    with as_service("test"):
        preset.delete()
    assert hand.post("claim", {"queues": ["gpu.image"]}).status_code == 204
    assert (fresh(job).status, fresh(job).failure_code) == ("failed", "model_missing")


@pytest.mark.parametrize(
    ("call", "body", "status"),
    [
        ("claim", {"queues": []}, 400),
        ("claim", {"queues": ["x" * 65]}, 400),
        ("claim", [], 400),
        ("heartbeat", {"status": "resting"}, 400),
        ("progress", {"job_id": "1", "attempt": 1, "step": 1, "of": 2}, 400),
        ("job-callback", {"status": "succeeded"}, 400),
        ("register", {"device": "x" * 70_000}, 413),
    ],
)
def test_bad_bodies_are_refused(hand: Any, call: str, body: Any, status: int) -> None:
    response = hand.post(call, body)
    assert response.status_code == status, response.content
    assert response.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "preview", ["no base64!", base64.b64encode(b"<svg onload=x>").decode(), webp(9000)]
)
def test_only_small_webp_becomes_a_preview(
    hand: Any, preset: Any, queue: Any, preview: str
) -> None:
    queue()
    assert hand.progress(hand.claim(), preview=preview).status_code == 400


def test_a_job_whose_reference_was_deleted_fails_and_the_next_is_claimed(
    hand: Any, preset: Any, queue: Any, fresh: Any, user: Any
) -> None:
    with as_service("test"):
        Preset.objects.update(capabilities=["text_to_image", "image_to_image"], max_references=1)
    picture = make_reference(user, width=64, height=64)
    [lost] = queue(references=(ReferenceSpec(id=picture.pk),))
    [following] = queue()
    with as_user(user):
        delete_reference(user=user, reference_id=picture.pk)
    assert hand.claim()["id"] == str(following.pk)
    failed = fresh(lost)
    assert (failed.status, failed.failure_code) == ("failed", "reference_missing")
    assert sentence(failed.failure_code, failed.failure_params)


def test_a_claim_hands_out_references_and_options(
    hand: Any, preset: Any, queue: Any, user: Any
) -> None:
    with as_service("test"):
        Preset.objects.update(
            capabilities=["image_to_image"], max_references=1, options={"dtype": "float16"}
        )
    picture = make_reference(user, width=64, height=64)
    queue(references=(ReferenceSpec(id=picture.pk, strength=0.5),))
    claimed = hand.claim()
    assert claimed["preset"]["options"] == {"dtype": "float16"}
    [given] = claimed["references"]
    assert set(given) == {"role", "position", "strength", "mime_type", "bytes", "sha256", "url"}
    assert given["sha256"] == picture.sha256


def together(hand: Any, most: int) -> list[dict[str, Any]]:
    """Claim up to so many jobs at once."""
    answer = hand.post("claim", {"queues": ["gpu.image"], "max_jobs": most}).json()
    assert answer["job"] == answer["jobs"][0]
    return answer["jobs"]


def test_alike_jobs_are_claimed_together_in_fair_order(
    hand: Any, preset: Any, queue: Any, fresh: Any
) -> None:
    first = queue(count=2)
    other = queue(parameters={"steps": 3})
    later = queue(prompt="a boat", seed=99, count=2)
    taken = together(hand, 3)
    assert [job["id"] for job in taken] == [str(job.pk) for job in (*first, later[0])]
    assert [job["prompt"] for job in taken][-1] == "a boat"
    for job in (*first, later[0]):
        assert (fresh(job).status, fresh(job).attempt) == ("running", 1)
    # Who was passed over is next all the same.
    assert together(hand, 3)[0]["id"] == str(other[0].pk)


def test_one_that_was_tried_before_is_made_alone(hand: Any, preset: Any, queue: Any) -> None:
    queue(count=3)
    hand.fail(hand.claim(), "out_of_memory", retryable=True)
    with as_service("test"):
        Job.objects.update(not_before=None)
    assert [job["attempt"] for job in together(hand, 8)] == [2]
    assert [job["attempt"] for job in together(hand, 8)] == [1, 1]


def test_each_of_a_batch_has_its_own_lease_and_end(
    hand: Any, preset: Any, queue: Any, fresh: Any, png: bytes
) -> None:
    rows = queue(count=2)
    taken = together(hand, 2)
    with as_service("test"):
        Job.objects.update(lease_expires_at=timezone.now() + timedelta(seconds=1))
    beat = {"status": "busy", "job_ids": [job["id"] for job in taken]}
    assert hand.post("heartbeat", beat).json()["cancel"] == []
    assert all(fresh(row).lease_expires_at > timezone.now() + timedelta(seconds=5) for row in rows)
    hand.upload(taken[0], png)
    assert hand.succeed(taken[0], png).json()["accepted"]
    hand.fail(taken[1], "engine_error")
    assert [fresh(row).status for row in rows] == ["succeeded", "failed"]
