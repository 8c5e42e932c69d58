"""Oneself in the API, and the tokens that programs come with. Not for signing in on the site."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import ApiToken, User
from ourvidz.rows import as_service
from tests.api.conftest import Api, is_problem
from tests.api.rows import make_token

TokenApi = Callable[..., Api]
NEW = {"name": "Laptop", "scopes": ["read", "write"]}


def test_me(api: Api, user: User) -> None:
    me = api.get("me").json()
    assert (me["id"], me["email"]) == (str(user.pk), user.email)
    assert (me["time_zone"], me["language"], me["theme"]) == ("UTC", "en", "system")


def test_changes_what_is_given_and_nothing_else(api: Api) -> None:
    before = api.get("me").json()
    answer = api.patch("me", {"display_name": "Ada", "time_zone": "Asia/Tokyo"})
    assert answer.status_code == 200
    after = answer.json()
    # The answer's head counts this very change.
    assert after["feed_head"] == before["feed_head"] + 1
    assert after == api.get("me").json()
    changed = {"display_name": "Ada", "time_zone": "Asia/Tokyo", "feed_head": after["feed_head"]}
    assert after == {**before, **changed}
    assert api.patch("me", {}).json() == after


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"time_zone": "Mars/Olympus"}, 422, "time_zone"),
        ({"language": "xx"}, 422, "language"),
        ({"theme": "pink"}, 422, "theme"),
        ({"display_name": "a" * 81}, 400, "display_name"),
        ({"theme": 5}, 422, "theme"),
        ({"theme": None}, 400, "theme"),
    ],
)
def test_refuses_settings_and_says_which(body: Any, status: int, field: str, api: Api) -> None:
    answer = api.patch("me", body)
    assert is_problem(answer, status)
    assert [error["field"] for error in answer.json()["errors"]] == [field]


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"5", b"null"])
def test_refuses_what_is_no_object(body: bytes, api: Api) -> None:
    assert is_problem(api.patch("me", body), 400, "invalid")


def test_makes_a_token_that_works(api: Api) -> None:
    answer = api.post("me/tokens", NEW)
    assert answer.status_code == 201
    secret = answer.json()["secret"]
    with_token = Api(Client(), Authorization=f"Bearer {secret}")
    assert with_token.get("me").json()["email"] == api.get("me").json()["email"]
    # The secret is never shown again.
    assert secret not in api.get("me/tokens").content.decode()


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"name": ""}, 400),
        ({"name": "a\u0000b"}, 400),
        ({"scopes": []}, 400),
        ({"scopes": ["admin"]}, 400),
        ({"scopes": "read"}, 400),
        ({"expires_at": "2000-01-01T00:00:00Z"}, 422),
        ({"expires_at": "soon"}, 400),
    ],
)
def test_refuses_a_token(change: dict[str, Any], status: int, api: Api) -> None:
    assert is_problem(api.post("me/tokens", NEW | change), status)


def test_a_token_makes_no_tokens(token_api: TokenApi, user: User) -> None:
    answer = token_api(user, "read", "write").post("me/tokens", NEW)
    assert is_problem(answer, 403, "session_needed")


def test_a_revoked_token_is_worth_nothing(api: Api) -> None:
    made = api.post("me/tokens", NEW).json()
    with_token = Api(Client(), Authorization=f"Bearer {made['secret']}")
    assert with_token.get("me").status_code == 200
    assert api.delete(f"me/tokens/{made['id']}").status_code == 204
    assert api.delete(f"me/tokens/{made['id']}").status_code == 204
    assert is_problem(with_token.get("me"), 401, "authentication_failed")
    assert api.get("me/tokens").json()["results"][0]["revoked_at"]


def test_nobody_revokes_anothers_token(api: Api, other_user: User) -> None:
    token = make_token(other_user)
    assert is_problem(api.delete(f"me/tokens/{token.pk}"), 404)
    with as_service("test"):
        assert ApiToken.objects.get().revoked_at is None


def test_reading_needs_read_and_writing_needs_write(token_api: TokenApi, user: User) -> None:
    reader, writer = token_api(user, "read"), token_api(user, "write")
    assert reader.get("sessions").status_code == 200
    assert is_problem(reader.post("sessions", {}), 403, "permission_denied")
    assert is_problem(writer.get("sessions"), 403, "permission_denied")
    assert writer.post("sessions", {}).status_code == 201


def test_an_expired_token_is_worth_nothing(token_api: TokenApi, user: User) -> None:
    with_token = token_api(user, "read", expires_at=timezone.now() + timedelta(hours=1))
    assert with_token.get("me").status_code == 200
    with as_service("test"):
        ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert is_problem(with_token.get("me"), 401, "authentication_failed")


def test_the_token_of_somebody_switched_off(token_api: TokenApi, user: User) -> None:
    with_token = token_api(user, "read")
    with as_service("test"):
        User.objects.update(is_active=False)
    assert is_problem(with_token.get("me"), 401)


@pytest.mark.parametrize("value", ["ovz_guess", "Bearer", "", "ovz_\u00e9", "ovw_worker"])
def test_a_guess_is_refused(value: str, stranger: Api) -> None:
    assert is_problem(stranger.get("me", Authorization=f"Bearer {value}"), 401)


def test_a_wrong_token_is_refused_even_with_a_session(api: Api) -> None:
    """Else a program with an old token would act as whoever is signed in."""
    assert is_problem(api.get("me", Authorization="Bearer ovz_guess"), 401)


def test_a_token_says_when_it_was_used(token_api: TokenApi, user: User) -> None:
    token_api(user, "read").get("me")
    with as_service("test"):
        assert ApiToken.objects.get().last_used_at is not None


def test_a_session_writes_with_its_csrf_token_only(
    client_of: Callable[[User], Client], user: User
) -> None:
    client = client_of(user)
    client.handler.enforce_csrf_checks = True
    api = Api(client)
    assert api.get("me").status_code == 200
    assert is_problem(api.patch("me", {"theme": "dark"}), 403, "permission_denied")


def test_a_token_needs_no_csrf_token(token_api: TokenApi, user: User) -> None:
    with_token = token_api(user, "write")
    with_token.client.handler.enforce_csrf_checks = True
    assert with_token.patch("me", {"theme": "dark"}).status_code == 200
