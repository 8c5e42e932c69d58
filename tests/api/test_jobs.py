"""Presets and jobs in the API: asking for something, following it, canceling it. Not for how a job
is worked on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from jobs.models import Job, Preset
from ourvidz import live
from ourvidz.models import uuid7
from ourvidz.rows import as_service
from tests.api.conftest import Api, is_problem
from tests.api.rows import make_job, make_project, make_session

WANTED = {"prompt": "a castle in the snow", "preset": "starter-fast", "destination": "workspace"}


def _count(**wanted: Any) -> int:
    with as_service("test"):
        return Job.objects.filter(**wanted).count()


def test_presets_describe_their_settings(api: Api) -> None:
    presets = api.get("presets").json()["results"]
    starter = next(preset for preset in presets if preset["slug"] == "starter-fast")
    assert starter == api.get("presets/starter-fast").json()
    width = next(entry for entry in starter["parameters"] if entry["name"] == "width")
    assert {"type", "min", "max", "step", "default", "label", "help", "group"} <= set(width)


def test_a_preset_that_is_switched_off_is_not_offered(api: Api) -> None:
    with as_service("test"):
        Preset.objects.filter(slug="starter-fast").update(is_enabled=False)
    assert is_problem(api.get("presets/starter-fast"), 404)
    assert is_problem(api.post("jobs", WANTED), 422, "preset_disabled")


def test_queues_a_batch_with_its_placeholders(api: Api) -> None:
    answer = api.post("jobs", WANTED | {"count": 3, "seed": 7})
    assert answer.status_code == 202
    batch = answer.json()
    assert [job["seed"] for job in batch["jobs"]] == [7, 8, 9]
    assert {job["batch_id"] for job in batch["jobs"]} == {batch["batch_id"]}
    assert answer["Location"] == batch["urls"]["status"] == batch["jobs"][0]["urls"]["status"]
    items = api.get(f"items?batch_id={batch['batch_id']}").json()["results"]
    assert {item["id"] for item in items} == set(batch["items"])
    assert {item["job_id"] for item in items} == {job["id"] for job in batch["jobs"]}
    assert {item["status"] for item in items} == {"generating"}


def test_the_library_is_where_results_go_by_default(api: Api, user: User) -> None:
    project = make_project(user)
    wanted = {"prompt": "a balloon", "preset": "starter-fast", "project_id": str(project.pk)}
    batch = api.post("jobs", wanted).json()
    assert batch["items"] == []
    assert batch["jobs"][0]["destination"] == "library"
    assert batch["jobs"][0]["project_id"] == str(project.pk)


def test_goes_into_the_session_that_is_named(api: Api, user: User) -> None:
    session = make_session(user)
    batch = api.post("jobs", WANTED | {"session_id": str(session.pk)}).json()
    assert batch["jobs"][0]["session_id"] == str(session.pk)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"prompt": ""}, 422, "prompt_empty"),
        ({"prompt": " \n "}, 422, "prompt_empty"),
        ({"prompt": "a" * 3001}, 422, "prompt_too_long"),
        ({"prompt": "nul \u0000"}, 400, "parse_error"),
        ({"prompt": None}, 400, "invalid"),
        ({"prompt": ["a"]}, 400, "invalid"),
        ({"preset": "nothing"}, 422, "preset_unknown"),
        ({"count": 0}, 422, "count_range"),
        ({"count": 17}, 422, "count_range"),
        ({"count": 10**30}, 422, "count_range"),
        ({"count": "many"}, 400, "invalid"),
        ({"seed": -1}, 422, "seed_range"),
        ({"seed": 2**63}, 422, "seed_range"),
        ({"destination": "moon"}, 400, "invalid"),
        ({"session_id": "5"}, 400, "invalid"),
        ({"parameters": {"width": 10**9}}, 422, "parameter_range"),
        ({"parameters": {"width": 100}}, 422, "parameter_step"),
        ({"parameters": {"width": "256"}}, 422, "parameter_type"),
        ({"parameters": {"width": True}}, 422, "parameter_type"),
        ({"parameters": {"colour": "red"}}, 422, "parameter_unknown"),
        ({"parameters": []}, 400, "invalid"),
    ],
)
def test_refuses_what_cannot_be_made(
    change: dict[str, Any], status: int, code: str, api: Api
) -> None:
    answer = api.post("jobs", WANTED | change)
    assert is_problem(answer, status, code)
    assert not _count()


def test_anothers_rooms_are_not_there(api: Api, other_user: User) -> None:
    session, project = make_session(other_user), make_project(other_user)
    into_session = WANTED | {"session_id": str(session.pk)}
    into_project = WANTED | {"destination": "library", "project_id": str(project.pk)}
    assert is_problem(api.post("jobs", into_session), 404, "session_missing")
    assert is_problem(api.post("jobs", into_project), 404, "project_missing")
    assert not _count()


def test_the_same_request_with_the_same_key_is_made_once(api: Api) -> None:
    key = {"Idempotency-Key": "once"}
    first, second = api.post("jobs", WANTED, **key), api.post("jobs", WANTED, **key)
    assert first.status_code == second.status_code == 202
    assert first.json()["batch_id"] == second.json()["batch_id"]
    assert first.json()["items"] == second.json()["items"]
    other = api.post("jobs", WANTED | {"prompt": "another"}, **key)
    assert is_problem(other, 409, "idempotency_mismatch")
    assert _count() == 1


def test_a_key_belongs_to_its_person(
    api: Api, api_of: Callable[[User], Api], other_user: User
) -> None:
    first = api.post("jobs", WANTED, **{"Idempotency-Key": "once"})
    second = api_of(other_user).post("jobs", WANTED, **{"Idempotency-Key": "once"})
    assert first.json()["batch_id"] != second.json()["batch_id"]


@pytest.mark.parametrize("key", ["a" * 129, "nul \x00"])
def test_refuses_a_key(key: str, api: Api) -> None:
    answer = api.post("jobs", WANTED, **{"Idempotency-Key": key})
    assert is_problem(answer, 400, "invalid")
    assert answer.json()["errors"][0]["field"] == "Idempotency-Key"


def test_has_a_limit_of_what_waits(api: Api, settings: Any) -> None:
    settings.JOBS_WAITING_PER_USER = 2
    assert api.post("jobs", WANTED | {"count": 2}).status_code == 202
    assert is_problem(api.post("jobs", WANTED), 429, "quota_waiting")


def test_filters(api: Api, user: User) -> None:
    job, other = make_job(user), make_job(user, destination="library")
    assert _ids(api.get("jobs?destination=library")) == [str(other.pk)]
    assert _ids(api.get(f"jobs?batch_id={job.batch_id}")) == [str(job.pk)]
    assert _ids(api.get("jobs?status=running")) == []
    for query in ("status=lost", "destination=%00", "batch_id=5"):
        assert is_problem(api.get(f"jobs?{query}"), 400, "invalid")


def _ids(answer: Any) -> list[str]:
    return [row["id"] for row in answer.json()["results"]]


def _run(job: Job) -> None:
    from django.utils import timezone

    with as_service("test"):
        Job.objects.filter(pk=job.pk).update(status="running", lease_expires_at=timezone.now())


def test_shows_the_step_of_a_running_job(api: Api, user: User) -> None:
    job = make_job(user)
    _run(job)
    live.set_progress(job.pk, step=4, of=10, preview="data:image/webp;base64,AA==")
    expected = {"step": 4, "of": 10}
    assert api.get(f"jobs/{job.pk}").json()["progress"] == expected
    assert api.get("jobs").json()["results"][0]["progress"] == expected


def test_tells_its_history_and_why_it_failed(api: Api, user: User) -> None:
    job = make_job(user)
    with as_service("test"):
        Job.objects.update(
            status="failed", failure_code="model_missing", failure_params={"model": "starter"}
        )
    shown = api.get(f"jobs/{job.pk}").json()
    assert [entry["status"] for entry in shown["history"]] == ["queued"]
    assert shown["failure"]["code"] == "model_missing"
    assert "starter" in shown["failure"]["detail"]


def test_cancels_what_waits_and_says_so_again(api: Api, user: User) -> None:
    job = make_job(user)
    for _ in range(2):
        answer = api.post(f"jobs/{job.pk}/cancel").json()
        assert (answer["outcome"], answer["job"]["status"]) == ("canceled", "canceled")


def test_asks_what_runs_to_stop(api: Api, user: User) -> None:
    job = make_job(user)
    _run(job)
    for _ in range(2):
        answer = api.post(f"jobs/{job.pk}/cancel").json()
        assert (answer["outcome"], answer["job"]["status"]) == ("canceling", "running")


def test_what_is_finished_stays_finished(api: Api, user: User) -> None:
    job = make_job(user)
    with as_service("test"):
        Job.objects.update(status="succeeded")
    answer = api.post(f"jobs/{job.pk}/cancel").json()
    assert (answer["outcome"], answer["job"]["status"]) == ("finished", "succeeded")


def test_anothers_job_is_neither_seen_nor_canceled(api: Api, other_user: User) -> None:
    job = make_job(other_user)
    assert is_problem(api.get(f"jobs/{job.pk}"), 404)
    assert is_problem(api.get(f"jobs/{job.pk}/result"), 404)
    assert is_problem(api.post(f"jobs/{job.pk}/cancel"), 404)
    assert is_problem(api.post(f"jobs/{uuid7()}/cancel"), 404)
    assert _count(status="queued") == 1


def test_the_result_is_where_the_job_put_it(api: Api, user: User) -> None:
    batch = api.post("jobs", WANTED).json()
    result = api.get(batch["urls"]["result"]).json()
    assert result["status"] == "queued" and result["media"] is None
    assert result["item"]["id"] == batch["items"][0]
    library = make_job(user, destination="library")
    result = api.get(f"jobs/{library.pk}/result").json()
    assert result == {"status": "queued", "item": None, "media": None}


def test_an_estimate_queues_nothing(api: Api) -> None:
    answer = api.post("jobs/estimate", WANTED | {"count": 2})
    assert answer.status_code == 200
    assert (answer.json()["items"], answer.json()["ready_in"]) == (2, None)
    assert not _count()
    assert is_problem(api.post("jobs/estimate", WANTED | {"prompt": ""}), 422, "prompt_empty")
