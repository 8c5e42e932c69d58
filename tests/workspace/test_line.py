"""A person's own line on pages: what the panel shows, what is done with waiting jobs, and the form
that changes one. Not for the rules (tests/jobs) nor for what a browser makes of it (tests/browser).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from jobs.models import Job
from jobs.presets import sync_presets
from ourvidz import rows
from tests.api.rows import make_job
from workspace.models import WorkspaceItem

pytestmark = pytest.mark.django_db
FRAGMENT = {"HX-Request": "true", "HX-Current-URL": "http://testserver/workspace/"}
LINE = "/workspace/line/"


@pytest.fixture(autouse=True)
def presets(db: None, empty_redis: None) -> None:
    with rows.as_service("test data"):
        sync_presets()


@pytest.fixture
def client(user: User, client_of: Callable[[User], Client]) -> Client:
    return client_of(user)


def act(client: Client, job: Job, **form: Any) -> Any:
    return client.post(f"{LINE}{job.pk}/act", form, headers=FRAGMENT)


def change(client: Client, job: Job, **changes: Any) -> Any:
    form = {
        "prompt": "a boat",
        "seed": "7",
        "shape.starter-fast": "256x256",
        "p.steps": "12",
        "p.guidance": "3.5",
        "p.negative_prompt": "rain",
    }
    return client.post(f"{LINE}{job.pk}/change", form | changes, headers=FRAGMENT)


def jobs_in(answer: Any) -> list[str]:
    return re.findall(r'<li [^>]*data-job="([^"]+)"', answer.content.decode())


def text_of(answer: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def fresh(job: Job) -> Job:
    with rows.as_service("test"):
        return Job.objects.get(pk=job.pk)


def ids(*jobs: Job) -> list[str]:
    return [str(job.pk) for job in jobs]


def test_the_panel_shows_all_that_waits(client: Client, user: User, settings: Any) -> None:
    settings.JOBS_WAITING_PER_USER, settings.GPU_SECONDS_PER_DAY = 20, 3600
    settings.JOBS_RUNNING_PER_USER = 2
    first = make_job(user, prompt="a fox")
    second = make_job(user, prompt="a boat", destination="library")
    shown = client.get(LINE, headers=FRAGMENT)
    assert jobs_in(shown) == ids(first, second)
    words = text_of(shown)
    for expected in ("2 of 20 waiting or running", "at most 2 at once", "of 3,600 GPU seconds"):
        assert expected in words
    for expected in ("a fox", "a boat", "Library", "next", "2. in line", "no worker is there"):
        assert expected in words
    assert "<html" in client.get(LINE).content.decode()


def test_without_limits_none_are_told(client: Client, settings: Any) -> None:
    settings.JOBS_WAITING_PER_USER = settings.GPU_SECONDS_PER_DAY = 0
    settings.JOBS_RUNNING_PER_USER = 0
    words = text_of(client.get(LINE, headers=FRAGMENT))
    assert "0 waiting or running 0 GPU seconds in 24 hours" in words
    assert "Nothing of yours waits." in words


def test_a_long_line_is_shown_in_parts(
    client: Client, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workspace.line.SHOWN", 2)
    made = [make_job(user) for _ in range(3)]
    part = client.get(LINE, headers=FRAGMENT)
    assert jobs_in(part) == ids(*made[:2])
    assert f'data-next="{made[2].pk}"' in part.content.decode()
    assert jobs_in(client.get(f"{LINE}?shown=4", headers=FRAGMENT)) == ids(*made)
    assert "data-more" in part.content.decode()
    monkeypatch.setattr("workspace.line.MOST_SHOWN", 2)
    whole = client.get(f"{LINE}?shown=4", headers=FRAGMENT)
    assert jobs_in(whole) == ids(*made[:2])
    assert "data-more" not in whole.content.decode(), "It would bring nothing."
    for strange in ("x", "-1", "99999999", "²"):
        assert client.get(f"{LINE}?shown={strange}", headers=FRAGMENT).status_code == 200


def test_jobs_are_put_in_another_order(client: Client, user: User) -> None:
    a, b, c = (make_job(user) for _ in range(3))
    assert jobs_in(act(client, c, act="first")) == ids(c, a, b)
    assert jobs_in(act(client, c, act="later")) == ids(a, c, b)
    assert jobs_in(act(client, b, act="before", before=str(a.pk))) == ids(b, a, c)
    assert jobs_in(act(client, b, act="before", before="")) == ids(a, c, b)
    without_scripts = client.post(f"{LINE}{b.pk}/act", {"act": "first"})
    assert (without_scripts.status_code, without_scripts["Location"]) == (302, LINE)


def test_a_paused_job_says_so(client: Client, user: User) -> None:
    job = make_job(user)
    card = act(client, job, act="pause", answer="card").content.decode()
    assert "data-paused" in card
    assert "paused" in card
    assert 'aria-label="Resume"' in card
    assert "paused" in text_of(client.get(LINE, headers=FRAGMENT))
    assert "data-paused" not in act(client, job, act="resume", answer="card").content.decode()


def test_a_canceled_job_leaves_the_line(client: Client, user: User) -> None:
    job, other = make_job(user), make_job(user)
    assert jobs_in(act(client, job, act="cancel")) == ids(other)


def test_a_row_is_paused_resumed_and_canceled(client: Client, user: User) -> None:
    job = make_job(user, count=2)
    url = f"/workspace/batches/{job.batch_id}/act"
    row = client.post(url, {"act": "pause"}, headers=FRAGMENT).content.decode()
    assert row.count(" data-paused>") == 2
    row = client.post(url, {"act": "resume"}, headers=FRAGMENT).content.decode()
    assert " data-paused>" not in row
    assert 'aria-label="Cancel all"' in row
    row = client.post(url, {"act": "cancel"}, headers=FRAGMENT).content.decode()
    assert row.count("Try again") == 2
    assert 'aria-label="Cancel all"' not in row


def test_the_form_holds_what_the_job_has(client: Client, user: User) -> None:
    job = make_job(user, prompt="a fox", seed=41, parameters={"steps": 17})
    form = client.get(f"{LINE}{job.pk}/change", headers=FRAGMENT).content.decode()
    assert ">a fox</textarea>" in form
    for value in ('value="41"', 'value="17"', 'value="256x256" checked'):
        assert value in form


def test_a_waiting_job_is_changed(client: Client, user: User) -> None:
    job = make_job(user, parameters={"negative_prompt": "snow", "steps": 20})
    assert change(client, job).status_code == 204
    now = fresh(job)
    assert (now.prompt, now.seed, now.negative_prompt) == ("a boat", 7, "rain")
    assert now.parameters["steps"] == 12
    with rows.as_service("test"):
        assert WorkspaceItem.objects.get(job_id=job.pk).prompt == "a boat"


def test_an_emptied_field_is_no_old_value(client: Client, user: User) -> None:
    job = make_job(user, seed=5, parameters={"negative_prompt": "snow", "steps": 20})
    answer = change(client, job, **{"p.negative_prompt": "", "p.steps": "", "seed": ""})
    assert answer.status_code == 204
    now = fresh(job)
    assert now.negative_prompt == ""
    assert now.parameters["steps"] != 20
    assert now.seed != 5


@pytest.mark.parametrize(
    ("field", "value", "beside"),
    [
        ("prompt", " ", "change-prompt-error"),
        ("seed", "x", "change-seed-error"),
        ("seed", "-1", "change-seed-error"),
        ("p.steps", "100000", "change-steps-error"),
        ("p.steps", "many", "change-steps-error"),
        ("shape.starter-fast", "5x5", "change-shape-error"),
        ("shape.starter-fast", "x", "change-shape-error"),
    ],
)
def test_what_cannot_be_made_is_refused_beside_its_field(
    client: Client, user: User, field: str, value: str, beside: str
) -> None:
    job = make_job(user, prompt="a fox")
    answer = change(client, job, **{field: value})
    assert answer.status_code == 422
    assert f'id="{beside}"' in answer.content.decode()
    assert fresh(job).prompt == "a fox"


def test_what_does_not_wait_any_more_is_not_changed(client: Client, user: User) -> None:
    job = make_job(user)
    with rows.as_service("test"):
        Job.objects.update(status="succeeded")
    assert client.get(f"{LINE}{job.pk}/change", headers=FRAGMENT).status_code == 409
    assert change(client, job).status_code == 409
    for wanted in ("first", "pause", "before"):
        refused = act(client, job, act=wanted)
        assert refused.status_code == 409
        assert "does not wait any more" in refused.content.decode()


def test_anothers_are_not_there(client: Client, other_user: User) -> None:
    job = make_job(other_user)
    assert jobs_in(client.get(LINE, headers=FRAGMENT)) == []
    for wanted in ("first", "pause", "resume", "cancel", "before"):
        assert act(client, job, act=wanted).status_code == 404
    assert change(client, job).status_code == 404
    url = f"/workspace/batches/{job.batch_id}/act"
    for wanted in ("pause", "resume", "cancel"):
        assert client.post(url, {"act": wanted}, headers=FRAGMENT).status_code == 404


PLACES = [LINE + "{job}/act", "/workspace/batches/{batch}/act", "/workspace/items/many"]


@pytest.mark.parametrize("where", PLACES)
def test_what_nobody_can_do_is_refused(client: Client, user: User, where: str) -> None:
    job = make_job(user)
    url = where.format(job=job.pk, batch=job.batch_id)
    answer = client.post(url, {"act": "explode", "items": ""}, headers=FRAGMENT)
    assert answer.status_code == 422
    assert "What can be done here is one of" in text_of(answer)
