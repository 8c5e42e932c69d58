"""What people do with their waiting jobs in the API, and their limits. Not for what it does to the
order: tests/jobs does that.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from jobs.models import Job
from ourvidz.rows import as_service
from tests.api.conftest import Api, is_problem
from tests.api.rows import make_job

WANTED = {"prompt": "a castle in the snow", "preset": "starter-fast", "destination": "workspace"}


def test_a_waiting_job_is_changed(api: Api, user: User) -> None:
    job = make_job(user)
    changed = api.patch(f"jobs/{job.pk}", {"prompt": "a boat", "parameters": {"steps": 20}})
    assert changed.status_code == 200
    assert (changed.json()["prompt"], changed.json()["parameters"]["steps"]) == ("a boat", 20)
    assert is_problem(api.patch(f"jobs/{job.pk}", {"prompt": ""}), 422, "prompt_empty")
    with as_service("test"):
        Job.objects.update(status="succeeded")
    assert is_problem(api.patch(f"jobs/{job.pk}", {"prompt": "b"}), 409, "job_not_waiting")


def test_moves_and_tells_the_line(api: Api, user: User) -> None:
    first, second = make_job(user), make_job(user)
    moved = api.post(f"jobs/{second.pk}/move", {"before": str(first.pk)}).json()["jobs"]
    assert [job["id"] for job in moved] == [str(second.pk), str(first.pk)]
    moved = api.post(f"jobs/{second.pk}/move", {}).json()["jobs"]
    assert [job["id"] for job in moved] == [str(first.pk), str(second.pk)]


def test_pauses_a_job_and_a_batch(api: Api) -> None:
    batch = api.post("jobs", WANTED | {"count": 3}).json()
    job = batch["id"]
    assert api.post(f"jobs/{job}/pause").json() == {"changed": 1}
    assert api.post(f"jobs/{job}/pause").json() == {"changed": 0}
    assert api.get(f"jobs/{job}").json()["paused_at"]
    path = f"batches/{batch['batch_id']}"
    assert api.post(f"{path}/pause").json() == {"changed": 2}
    assert api.post(f"{path}/resume").json() == {"changed": 3}
    assert api.post(f"jobs/{job}/resume").json() == {"changed": 0}


def test_anothers_are_not_there(api: Api, other_user: User) -> None:
    job = make_job(other_user)
    for act in ("pause", "resume", "move"):
        assert is_problem(api.post(f"jobs/{job.pk}/{act}", {}), 404)
    assert is_problem(api.patch(f"jobs/{job.pk}", {"prompt": "mine"}), 404)
    for act in ("pause", "resume", "cancel"):
        assert is_problem(api.post(f"batches/{job.batch_id}/{act}"), 404)


def test_a_deadline_is_kept_with_the_job(api: Api) -> None:
    soon = (timezone.now() + timedelta(minutes=5)).isoformat()
    batch = api.post("jobs", WANTED | {"start_by": soon}).json()
    assert batch["jobs"][0]["start_by"]
    past = (timezone.now() - timedelta(minutes=5)).isoformat()
    assert is_problem(api.post("jobs", WANTED | {"start_by": past}), 422, "start_by_past")
    assert is_problem(api.post("jobs", WANTED | {"start_by": "soon"}), 400, "invalid")


def test_only_operators_put_jobs_before_others(
    api: Api, api_of: Callable[[User], Api], staff: User, user: User
) -> None:
    job = make_job(user)
    path, wanted = f"jobs/{job.pk}/priority", {"priority": 10}
    assert is_problem(api.ask("PUT", path, wanted), 403)
    assert api_of(staff).ask("PUT", path, wanted).status_code == 204
    assert api.get(f"jobs/{job.pk}").json()["priority"] == 10
    assert is_problem(api.post("jobs", WANTED | {"priority": 1}), 403, "priority_staff")
    assert api_of(staff).post("jobs", WANTED | {"priority": 1}).status_code == 202
    too_much = api_of(staff).ask("PUT", path, {"priority": 101})
    assert is_problem(too_much, 422, "priority_range")


def test_a_batch_is_one_thing_to_see_and_to_cancel(api: Api) -> None:
    batch = api.post("jobs", WANTED | {"count": 3}).json()
    assert batch["urls"]["batch"].endswith(f"/api/v1/batches/{batch['batch_id']}")
    seen = api.get(batch["urls"]["batch"]).json()
    assert (seen["counts"]["queued"], seen["items"]) == (3, batch["items"])
    first = seen["jobs"][0]["id"]
    with as_service("test"):
        Job.objects.filter(pk=first).update(status="succeeded")
    outcomes = api.post(f"batches/{batch['batch_id']}/cancel").json()["outcomes"]
    assert outcomes[first] == "finished"
    assert sorted(outcomes.values()) == ["canceled", "canceled", "finished"]
    assert api.get(batch["urls"]["batch"]).json()["counts"]["canceled"] == 2


def test_tells_limits_and_their_use(api: Api, user: User, settings: Any) -> None:
    settings.JOBS_RUNNING_PER_USER, settings.GPU_SECONDS_PER_DAY = 2, 3600
    make_job(user)
    told = api.get("me/limits").json()
    assert told["limits"] == {"waiting": 1000, "running": 2, "gpu_seconds": 3600}
    assert (told["used"]["waiting"], told["used"]["running"]) == (1, 0)
    assert told["used"]["gpu_seconds"] > 0


@pytest.mark.parametrize("seconds", [0, 10])
def test_the_fields_of_today_do_not_change_yesterdays_hash(seconds: int) -> None:
    """A repeat of a request from before an update finds its batch."""
    from jobs.specs import JobSpec

    plain = JobSpec(prompt="a", preset="b")
    later = timezone.now() + timedelta(seconds=seconds) if seconds else None
    assert (
        plain.fingerprint() == JobSpec(prompt="a", preset="b", start_by=later).fingerprint()
    ) == (not seconds)
