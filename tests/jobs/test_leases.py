"""What workers do with jobs: claim in fair order, report, finish, fail, and lose a lease. The clock
is given, never waited for. Not for HTTP: see tests/workers.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from jobs import leases, outcomes
from jobs.leases import Holder
from jobs.models import Job, JobStatus
from jobs.services import cancel_job, queue_job
from jobs.specs import JobSpec
from library.models import Media
from ourvidz import live, rows
from ourvidz.destinations import Failure, Output
from ourvidz.errors import Refused
from workspace.models import WorkspaceItem

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("presets", "empty_redis")]
QUEUES = ["gpu.image", "gpu.video"]
Upload = Callable[[Job], Output]


def ask(user: User, **changes: Any) -> list[Job]:
    wanted: dict[str, Any] = {
        "prompt": "a castle",
        "preset": "starter-fast",
        "destination": "workspace",
    }
    with rows.as_user(user):
        return queue_job(user=user, spec=JobSpec(**(wanted | changes)))


def claim(worker: Holder, **changes: Any) -> Job | None:
    with rows.as_service("worker"):
        return leases.claim_job(worker=worker, queues=QUEUES, presets=[], **changes)


def fail(worker: Holder, job: Job, code: str, *, retryable: bool) -> None:
    with rows.as_service("worker"):
        outcomes.fail_job(
            worker=worker,
            job_id=job.pk,
            attempt=job.attempt,
            failure=Failure(code=code),
            retryable=retryable,
        )


def finish(worker: Holder, job: Job, output: Output) -> bool:
    """Say that a job was made; returns whether that holds."""
    made = outcomes.Made(job_id=job.pk, attempt=job.attempt, output=output)
    with rows.as_service("worker"):
        return outcomes.finish_jobs(worker=worker, made=[made]) == [job]


def sweep(seconds: float) -> int:
    with rows.as_service("sweep"):
        return leases.sweep_leases(now=timezone.now() + timedelta(seconds=seconds))


def upload(uploaded: Upload, job: Job) -> Output:
    with rows.as_service("worker"):
        return uploaded(job)


def state(job: Job) -> str:
    with rows.as_service("look"):
        return Job.objects.get(pk=job.pk).status


def item_of(job: Job) -> WorkspaceItem:
    with rows.as_service("look"):
        return WorkspaceItem.objects.select_related("session").get(job=job)


def story(job: Job) -> list[tuple[str, str]]:
    with rows.as_service("look"):
        rows_of = JobStatus.objects.filter(job=job).order_by("created_at", "id")
        return list(rows_of.values_list("status", "reason"))


def test_one_persons_thousand_jobs_do_not_block_anothers_first(
    user: User, other_user: User, worker: Holder
) -> None:
    for _ in range(3):
        ask(user, count=16)
    ask(other_user)
    order = [claim(worker) for _ in range(3)]
    assert [job.user_id for job in order if job] == [user.pk, other_user.pk, user.pk]


def test_a_person_who_comes_back_does_not_catch_up(
    user: User, other_user: User, worker: Holder
) -> None:
    """Fairness counts from now: having been away gives no right to everything at once."""
    ask(user, count=8)
    for _ in range(4):
        claim(worker)
    ask(other_user, count=4)
    owners = [job.user_id for _ in range(4) if (job := claim(worker))]
    assert owners.count(user.pk) == 2


def test_staff_priority_goes_first(user: User, other_user: User, worker: Holder) -> None:
    ask(user)
    (urgent,) = ask(other_user)
    with rows.as_service("test data"):
        Job.objects.filter(pk=urgent.pk).update(priority=10)
    job = claim(worker)
    assert job and job.pk == urgent.pk


def test_among_equals_the_loaded_model_goes_first(
    user: User, other_user: User, worker: Holder
) -> None:
    ask(user, preset="starter-fast")
    ask(other_user, preset="starter-high")
    job = claim(worker, loaded="starter-high")
    assert job and job.preset_slug == "starter-high"


def test_a_worker_gets_only_presets_it_has(user: User, worker: Holder) -> None:
    ask(user)
    with rows.as_service("worker"):
        assert not leases.claim_job(worker=worker, queues=QUEUES, presets=["other"])
        assert leases.claim_job(worker=worker, queues=QUEUES, presets=["starter-fast"])
        assert not leases.claim_job(worker=worker, queues=QUEUES, presets=["starter-fast"])


def test_a_result_takes_the_placeholders_place(
    user: User, worker: Holder, uploaded: Upload
) -> None:
    ask(user)
    job = claim(worker)
    assert job and job.attempt == 1
    output = upload(uploaded, job)
    finish(worker, job, output)
    finish(worker, job, output)
    item = item_of(job)
    assert (item.status, item.sha256, item.width) == ("generated", output.sha256, 256)
    assert item.url.startswith(f"/media/{item.pk}/original")
    assert [status for status, _ in story(job)] == ["queued", "running", "succeeded"]


def test_a_library_job_becomes_media_once(user: User, worker: Holder, uploaded: Upload) -> None:
    ask(user, destination="library")
    job = claim(worker)
    assert job
    output = upload(uploaded, job)
    finish(worker, job, output)
    finish(worker, job, output)
    with rows.as_user(user):
        media = Media.objects.for_user(user).get()
    assert (media.job_id, media.prompt, media.bucket_name) == (
        job.pk,
        "a castle",
        "sdxl_image_fast",
    )


def test_a_lost_lease_is_queued_again_then_fails_with_a_reason(
    user: User, worker: Holder, other_worker: Holder, settings: Any
) -> None:
    settings.JOB_MAX_ATTEMPTS, settings.JOB_BACKOFF_SECONDS = 2, 0
    ask(user)
    job = claim(worker)
    assert job
    assert sweep(0) == 0
    assert sweep(settings.LEASE_SECONDS + 1) == 1
    assert state(job) == "queued"
    again = claim(other_worker)
    assert again and (again.pk, again.attempt) == (job.pk, 2)
    assert sweep(settings.LEASE_SECONDS + 1) == 1
    item = item_of(job)
    assert (state(job), item.status, item.failure_code) == ("failed", "failed", "worker_lost")
    assert item.failure_params == {"attempts": 2}
    assert [status for status, _ in story(job)] == [
        "queued",
        "running",
        "queued",
        "running",
        "failed",
    ]


def test_back_off_doubles(user: User, worker: Holder, settings: Any) -> None:
    settings.JOB_BACKOFF_SECONDS = 10
    ask(user)
    job = claim(worker)
    assert job
    fail(worker, job, "storage_refused", retryable=True)
    now = timezone.now()
    assert claim(worker, now=now + timedelta(seconds=5)) is None
    again = claim(worker, now=now + timedelta(seconds=11))
    assert again
    fail(worker, again, "storage_refused", retryable=True)
    assert claim(worker, now=now + timedelta(seconds=15)) is None


def test_what_cannot_pass_is_not_tried_again(user: User, worker: Holder) -> None:
    ask(user)
    job = claim(worker)
    assert job
    fail(worker, job, "model_missing", retryable=False)
    assert (state(job), item_of(job).failure_code) == ("failed", "model_missing")


def test_a_late_callback_is_refused(
    user: User, worker: Holder, other_worker: Holder, uploaded: Upload, settings: Any
) -> None:
    settings.JOB_BACKOFF_SECONDS = 0
    ask(user)
    late = claim(worker)
    assert late
    sweep(settings.LEASE_SECONDS + 1)
    claim(other_worker)
    output = upload(uploaded, late)
    assert not finish(worker, late, output)
    with pytest.raises(Refused):
        fail(worker, late, "engine_error", retryable=True)
    with rows.as_service("worker"), pytest.raises(Refused):
        leases.record_progress(worker=worker, job_id=late.pk, attempt=1, step=1, of=2)


def test_another_workers_job_is_out_of_reach(
    user: User, worker: Holder, other_worker: Holder, uploaded: Upload
) -> None:
    ask(user)
    job = claim(worker)
    assert job
    output = upload(uploaded, job)
    assert not finish(other_worker, job, output)
    with rows.as_service("worker"):
        assert not leases.extend_leases(worker=other_worker, job_ids=[job.pk])


def test_a_lease_is_written_at_most_every_third_of_its_length(
    user: User, worker: Holder, settings: Any
) -> None:
    ask(user)
    now = timezone.now()
    job = claim(worker, now=now)
    assert job
    with rows.as_service("worker"):
        for seconds, expected in ((5, 0), (settings.LEASE_SECONDS / 2, 30)):
            moment = now + timedelta(seconds=seconds)
            assert leases.extend_leases(worker=worker, job_ids=[job.pk], now=moment) == {job.pk}
            job.refresh_from_db()
            later = job.lease_expires_at - leases.lease_end(now)
            assert later.total_seconds() == pytest.approx(expected, abs=1)


def test_a_running_job_is_canceled_at_its_next_step(
    user: User, worker: Holder, django_capture_on_commit_callbacks: Any
) -> None:
    ask(user)
    with django_capture_on_commit_callbacks(execute=True):
        job = claim(worker)
    assert job
    with rows.as_service("worker"):
        assert not leases.record_progress(worker=worker, job_id=job.pk, attempt=1, step=1, of=9)
    with rows.as_user(user), django_capture_on_commit_callbacks(execute=True):
        assert cancel_job(user=user, job_id=job.pk) == "canceling"
    assert live.cancel_requested(job.pk)
    with rows.as_service("worker"):
        assert leases.record_progress(worker=worker, job_id=job.pk, attempt=1, step=2, of=9)
    fail(worker, job, "canceled", retryable=False)
    assert (state(job), item_of(job).failure_code) == ("canceled", "canceled")


def test_a_canceled_job_whose_worker_died_is_not_tried_again(
    user: User, worker: Holder, settings: Any
) -> None:
    ask(user)
    job = claim(worker)
    assert job
    with rows.as_user(user):
        cancel_job(user=user, job_id=job.pk)
    sweep(settings.LEASE_SECONDS + 1)
    assert state(job) == "canceled"


def test_an_operator_queues_a_failed_job_again(user: User, worker: Holder) -> None:
    ask(user)
    job = claim(worker)
    assert job
    fail(worker, job, "model_missing", retryable=False)
    with rows.as_service("admin"):
        outcomes.requeue_job(job_id=job.pk)
    assert (state(job), item_of(job).status) == ("queued", "generating")
    assert claim(worker)


def test_a_finished_job_is_not_queued_again(user: User, worker: Holder, uploaded: Upload) -> None:
    ask(user)
    job = claim(worker)
    assert job
    finish(worker, job, upload(uploaded, job))
    with rows.as_service("admin"), pytest.raises(Refused):
        outcomes.requeue_job(job_id=job.pk)


def test_an_item_that_is_gone_is_made_again(user: User, worker: Holder, uploaded: Upload) -> None:
    ask(user)
    job = claim(worker)
    assert job
    with rows.as_service("test data"):
        job.workspace_session.delete()  # type: ignore[union-attr]
        job.refresh_from_db()
    finish(worker, job, upload(uploaded, job))
    item = item_of(job)
    assert (item.status, item.session.session_name) == ("generated", "Workspace Session")


def test_the_sweep_rings_for_what_waits(user: User, other_user: User, worker: Holder) -> None:
    ask(user, count=2)
    with rows.as_service("sweep"):
        assert len(leases.waiting_bells()["gpu.image"]) == 2
