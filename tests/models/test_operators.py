"""Models for operators: the command, the API, and a fetch as the control worker does it, against a
hub over HTTP. Not for what is fetched: see test_store.py.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from redis import Redis

from accounts.models import User
from jobs import fetching, models_store
from jobs.models import Preset
from jobs.models_store import Progress
from ourvidz import feed, live
from ourvidz.rows import as_service
from tests.api.conftest import Api, api_of, is_problem, token_api  # noqa: F401
from tests.models.conftest import NAME
from tests.models.hub_server import Hub

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_redis")]


@pytest.fixture
def far(hub: Hub) -> Preset:
    """A preset whose model is on the hub."""
    with as_service("test data"):
        starter = Preset.objects.get(slug="starter-fast")
        starter.pk, starter.slug, starter.source = None, "far", NAME
        starter.is_installed, starter.words_path = False, ""
        return Preset.objects.create(
            **{
                field.attname: getattr(starter, field.attname)
                for field in Preset._meta.concrete_fields
                if field.attname not in ("id", "created_at", "updated_at")
            }
        )


@pytest.fixture
def operator(api_of: Callable[[User], Api], staff: User) -> Api:  # noqa: F811
    return api_of(staff)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What operators' pages were told."""
    told: list[dict[str, Any]] = []
    monkeypatch.setattr(feed, "staff_moment", lambda event, **fields: told.append(fields))
    monkeypatch.setattr(fetching, "PAUSE", 0.0)
    return told


def installed(slug: str) -> bool:
    with as_service("test"):
        return Preset.objects.get(slug=slug).is_installed


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("models", *arguments, stdout=out, stderr=out)
    return out.getvalue()


def test_the_command_lists_fetches_checks_and_removes(far: Preset, folder: Path) -> None:
    line = next(line for line in run("list").splitlines() if line.startswith("far "))
    assert "absent" in line and "MIT" in line
    assert "far is here" in run("fetch", "far")
    assert folder.is_dir() and installed("far")
    assert "every file is as it was fetched" in run("check", "far")
    (folder / "unet/config.json").write_text("{}")
    with pytest.raises(CommandError, match="Fetch far again"):
        run("check", "far")
    assert "far removed" in run("remove", "far")
    assert not folder.exists() and not installed("far")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("fetch", "nothing"), "There is no preset “nothing”"),
        (("fetch", "starter-fast"), "This model is a folder"),
        (("remove", "far"), "is not on this machine"),
        (("check", "far"), "is not on this machine"),
    ],
)
def test_the_command_says_why_not(far: Preset, arguments: tuple[str, ...], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        run(*arguments)


def test_operators_fetch_in_the_background_and_follow_it(
    far: Preset,
    folder: Path,
    operator: Api,
    said: list[dict[str, Any]],
    settings: Any,
    django_capture_on_commit_callbacks: Any,
) -> None:
    before = {row["slug"]: row for row in operator.get("models").json()}
    assert before["starter-fast"]["state"] == "built-in"
    assert (before["far"]["state"], before["far"]["is_installed"]) == ("absent", False)
    with django_capture_on_commit_callbacks(execute=True):
        answer = operator.post("models/far/fetch")
    assert answer.status_code == 202, answer.content
    assert answer.json()["state"] == "fetching"
    keys = Redis.from_url(settings.REDIS_URL).keys("*control*")
    assert keys, "The control worker was rung."
    assert is_problem(operator.post("models/far/fetch"), 409, "fetch_running")
    fetching.run_fetch("far")
    assert said[0]["state"] == "waiting"
    assert {one["state"] for one in said[1:-1]} == {"running"}
    assert (said[-1]["state"], said[-1]["done"]) == ("here", said[-1]["of"])
    shown = operator.get("models/far").json()
    assert (shown["state"], shown["is_installed"], shown["progress"]) == ("here", True, None)
    assert operator.delete("models/far").status_code == 204
    assert operator.get("models/far").json()["state"] == "absent"
    assert said[-1]["state"] == "absent"
    assert is_problem(operator.delete("models/far"), 409, "model_absent")


def test_a_fetch_is_stopped_and_goes_on_later(
    far: Preset, folder: Path, operator: Api, said: list[dict[str, Any]]
) -> None:
    live.stop_fetch("far")
    fetching.run_fetch("far")
    assert said[-1]["state"] == "stopped"
    shown = operator.get("models/far").json()
    assert (shown["state"], shown["failure"]["code"]) == ("partly", "fetch_stopped")
    fetching.run_fetch("far")
    assert said[-1]["state"] == "here"
    assert operator.get("models/far").json()["failure"] is None


def test_a_fetch_that_fails_says_why(
    far: Preset, operator: Api, hub: Hub, said: list[dict[str, Any]]
) -> None:
    hub.repositories[NAME].gated = True
    fetching.run_fetch("far")
    assert said[-1]["state"] == "failed"
    assert "HF_TOKEN" in said[-1]["detail"]
    failure = operator.get("models/far").json()["failure"]
    assert (failure["code"], failure["detail"]) == ("hub_gated", said[-1]["detail"])


def test_models_are_for_operators(
    far: Preset,
    api_of: Callable[[User], Api],  # noqa: F811
    user: User,
    token_api: Callable[..., Api],  # noqa: F811
) -> None:
    for client in (api_of(user), token_api(user, "read", "write")):
        assert is_problem(client.get("models"), 403, "permission_denied")
        assert is_problem(client.post("models/far/fetch"), 403, "permission_denied")
        assert is_problem(client.delete("models/far"), 403, "permission_denied")


def test_a_model_that_is_not_known_is_not_found(operator: Api) -> None:
    assert is_problem(operator.get("models/nothing"), 404, "not_found")
    assert is_problem(operator.post("models/starter-fast/fetch"), 409, "model_is_folder")


def test_reports_do_not_come_too_often(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    monkeypatch.setattr(feed, "staff_moment", lambda event, **fields: told.append(fields))
    reporter = fetching.Reporter("far")
    for done in range(1000):
        reporter(Progress(done, 1000))
    assert len(told) < 5
    assert models_store.live.fetches(["far"])["far"]["state"] == "running"
