"""Queueing and cancelling as a person does it: what is refused, what is written, and that nothing
is half-written. Not for what workers do: see test_leases.py.
"""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from accounts.models import User
from jobs.models import Job, JobStatus, Preset
from jobs.services import cancel_batch, cancel_job, queue_job
from jobs.specs import JobSpec
from ourvidz import rows
from ourvidz.errors import Refused
from ourvidz.storage import folder
from workspace.models import WorkspaceItem, WorkspaceSession

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("presets")]


def ask(user: User, **changes: Any) -> list[Job]:
    wanted: dict[str, Any] = {"prompt": "a castle", "preset": "starter-fast"}
    with rows.as_user(user):
        return queue_job(user=user, spec=JobSpec(**(wanted | changes)))


def refusal(user: User, **changes: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        ask(user, **changes)
    with rows.as_user(user):
        assert not Job.objects.for_user(user).exists(), "A refused request left a job."
        assert not WorkspaceItem.objects.for_user(user).exists()
    return caught.value


def test_a_batch_is_one_job_an_item_with_seeds_of_their_own(user: User) -> None:
    jobs = ask(user, count=3, seed=41, destination="workspace")
    assert [job.seed for job in jobs] == [41, 42, 43]
    assert len({job.batch_id for job in jobs}) == 1
    with rows.as_user(user):
        items = list(WorkspaceItem.objects.for_user(user).order_by("batch_index"))
        history = JobStatus.objects.for_user(user).values_list("status", flat=True)
        assert [item.status for item in items] == ["generating"] * 3
        assert [item.job_id for item in items] == [job.pk for job in jobs]
        assert list(history) == ["queued"] * 3


def test_nothing_is_made_that_has_no_room(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "ROOM", 2**80)
    assert refusal(user, destination="workspace").code == "storage_full"


def test_the_library_is_the_seeds_default(user: User) -> None:
    (job,) = ask(user)
    assert job.destination == "library"
    with rows.as_user(user):
        assert not WorkspaceItem.objects.for_user(user).exists()


def test_a_session_is_made_where_none_is_named(user: User) -> None:
    first, second = ask(user, destination="workspace")[0], ask(user, destination="workspace")[0]
    assert first.workspace_session_id == second.workspace_session_id
    with rows.as_user(user):
        session = WorkspaceSession.objects.for_user(user).get()
        assert session.session_name == "Workspace Session"


def test_a_job_keeps_the_preset_as_it_was(user: User) -> None:
    with rows.as_service("test data"):
        Preset.objects.filter(slug="starter-fast").update(revision="abc")
    (job,) = ask(user, parameters={"steps": 4})
    assert (job.preset_slug, job.preset_revision, job.bucket_name) == (
        "starter-fast",
        "abc",
        "sdxl_image_fast",
    )
    assert job.parameters["steps"] == 4
    assert job.parameters["width"] == 256


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"prompt": ""}, "prompt_empty", "prompt"),
        ({"prompt": " \n\t "}, "prompt_empty", "prompt"),
        ({"prompt": "x" * 3001}, "prompt_too_long", "prompt"),
        ({"prompt": "x" * 100_000}, "prompt_too_long", "prompt"),
        ({"prompt": "a\x00b"}, "prompt_unreadable", "prompt"),
        ({"prompt": "a\ud800b"}, "prompt_unreadable", "prompt"),
        ({"preset": "no-such"}, "preset_unknown", "preset"),
        ({"parameters": {"width": 255}}, "parameter_step", "width"),
        ({"parameters": {"width": 48}}, "parameter_range", "width"),
        ({"parameters": {"width": 100_000}}, "parameter_range", "width"),
        ({"parameters": {"width": "256"}}, "parameter_type", "width"),
        ({"parameters": {"width": True}}, "parameter_type", "width"),
        ({"parameters": {"guidance": float("nan")}}, "parameter_range", "guidance"),
        ({"parameters": {"guidance": float("inf")}}, "parameter_range", "guidance"),
        ({"parameters": {"sampler": "x"}}, "parameter_unknown", "sampler"),
        ({"parameters": {"negative_prompt": "x" * 2001}}, "prompt_too_long", "negative_prompt"),
        ({"count": 0}, "count_range", "count"),
        ({"count": 17}, "count_range", "count"),
        ({"seed": -1}, "seed_range", "seed"),
        ({"seed": 2**53}, "seed_range", "seed"),
        ({"destination": "moon"}, "destination_unknown", "destination"),
    ],
)
def test_bad_input_is_refused_beside_its_field(
    user: User, changes: dict[str, Any], code: str, field: str
) -> None:
    refused = refusal(user, **changes)
    assert (refused.code, refused.field) == (code, field)
    assert "%(" not in str(refused)


@pytest.mark.parametrize(
    "prompt", ["'; DROP TABLE jobs; --", "<script>alert(1)</script>", "城堡 🏰 ñ", "x" * 3000]
)
def test_hostile_and_foreign_prompts_are_kept_as_they_are(user: User, prompt: str) -> None:
    (job,) = ask(user, prompt=prompt)
    with rows.as_user(user):
        assert Job.objects.for_user(user).get(pk=job.pk).prompt == prompt


def test_another_persons_session_is_not_found(user: User, other_user: User) -> None:
    theirs = ask(other_user, destination="workspace")[0].workspace_session_id
    refused = refusal(user, destination="workspace", session_id=theirs)
    assert refused.code == "session_missing"


def test_a_preset_that_is_switched_off_is_refused(user: User) -> None:
    with rows.as_service("test data"):
        Preset.objects.filter(slug="starter-fast").update(is_enabled=False)
    assert refusal(user).code == "preset_disabled"


def test_too_many_waiting_jobs_are_refused(user: User, settings: Any) -> None:
    settings.JOBS_WAITING_PER_USER = 3
    ask(user, count=2)
    with pytest.raises(Refused, match="3 jobs waiting"):
        ask(user, count=2)


def test_an_idempotent_repeat_returns_the_batch(user: User, other_user: User) -> None:
    first = ask(user, count=2, idempotency_key="k1")
    again = ask(user, count=2, idempotency_key="k1")
    assert [job.pk for job in first] == [job.pk for job in again]
    with pytest.raises(Refused) as caught:
        ask(user, count=3, idempotency_key="k1")
    assert caught.value.code == "idempotency_mismatch"
    assert ask(other_user, count=2, idempotency_key="k1")[0].pk != first[0].pk


def test_a_waiting_job_is_canceled_at_once(user: User) -> None:
    (job,) = ask(user, destination="workspace")
    with rows.as_user(user):
        assert cancel_job(user=user, job_id=job.pk) == "canceled"
        assert cancel_job(user=user, job_id=job.pk) == "canceled"
        item = WorkspaceItem.objects.for_user(user).get()
        assert (item.status, item.failure_code) == ("failed", "canceled")
        assert list(
            JobStatus.objects.for_user(user).order_by("created_at").values_list("status", flat=True)
        ) == ["queued", "canceled"]


def test_a_batch_is_canceled_as_one(user: User) -> None:
    jobs = ask(user, count=3)
    with rows.as_user(user):
        assert set(cancel_batch(user=user, batch_id=jobs[0].batch_id).values()) == {"canceled"}


def test_another_persons_job_cannot_be_canceled(user: User, other_user: User) -> None:
    (job,) = ask(other_user)
    with rows.as_user(user), pytest.raises(Refused, match="nothing here"):
        cancel_job(user=user, job_id=job.pk)
    with rows.as_user(user), pytest.raises(Refused, match="nothing here"):
        cancel_job(user=user, job_id=uuid.uuid4())
