"""A session is active while a tab has it open, in whatever order the words of its tabs arrive. Not
for browsers: see tests/browser/test_presence.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import redis

from accounts.models import User
from ourvidz import live, rows
from workspace import presence, services
from workspace.models import WorkspaceSession

pytestmark = pytest.mark.django_db


@pytest.fixture
def session(user: User) -> WorkspaceSession:
    with rows.as_user(user):
        return services.create_workspace_session(user=user, session_name="Castles")


@pytest.fixture
def say(session: WorkspaceSession, client_of: Any, user: User) -> Callable[..., bool]:
    """Return `say(what, stay)`: tells it over HTTP, and returns whether the session is active."""
    client = client_of(user)

    def tell(what: str, stay: str, room: WorkspaceSession = session) -> bool:
        assert client.post(f"/workspace/{room.pk}/{what}", {"stay": stay}).status_code == 204
        with rows.as_service("test"):
            return WorkspaceSession.objects.get(pk=session.pk).is_active

    return tell


def test_the_last_word_of_a_page_before_a_reload_may_come_late(say: Callable[..., bool]) -> None:
    assert say("here", "before")
    assert say("here", "after")
    assert say("leave", "before")
    assert not say("leave", "after")


def test_a_tab_that_comes_back_makes_it_active(say: Callable[..., bool]) -> None:
    assert not say("leave", "before")
    assert say("here", "after")


def test_a_stay_that_is_over_stays_over(say: Callable[..., bool]) -> None:
    assert not say("leave", "one")
    assert say("here", "two")
    assert say("here", "one")
    assert not say("leave", "two")


def test_a_tab_of_another_session_takes_nothing_away(say: Callable[..., bool], user: User) -> None:
    say("here", "one")
    with rows.as_user(user):
        other = services.create_workspace_session(user=user, session_name="Boats")
    assert not say("here", "one"), "The person went on to another session."
    say("leave", "two", other)
    assert say("here", "one")


def test_a_tab_that_died_without_a_word_is_forgotten(
    say: Callable[..., bool], session: WorkspaceSession
) -> None:
    say("here", "died")
    live.redis().zadd(presence._open(session.pk), {"died": 1})
    say("here", "lives")
    assert not say("leave", "lives")


def test_without_redis_who_leaves_is_the_last(
    say: Callable[..., bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_args: Any, **_options: Any) -> None:
        raise redis.ConnectionError("away")

    say("here", "one")
    monkeypatch.setattr(redis.client.Pipeline, "execute", away)
    assert not say("leave", "two")
    assert say("here", "two")


def test_a_session_that_is_gone_is_no_error(say: Callable[..., bool], user: User) -> None:
    with rows.as_user(user):
        gone = services.create_workspace_session(user=user, session_name="Gone")
        services.delete_session(user=user, session_id=gone.pk)
    say("here", "one", gone)
    say("leave", "one", gone)
