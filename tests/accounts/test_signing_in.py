"""Signing up, in and out, forgotten passwords and one-time links, with row-level security in force.
Not for how these pages look.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from accounts.middleware import SEEN_AT
from accounts.models import User
from accounts.services import one_time_link
from ourvidz.rows import as_service
from tests.factories import PASSWORD

pytestmark = pytest.mark.usefixtures("database", "empty_redis")
HOME = "/workspace/"
# What a page shows to strangers only.
SIGN_IN = "/accounts/login/"


@pytest.fixture
def client(database: None) -> Client:
    return Client()


def _is_signed_in(client: Client) -> bool:
    return client.get("/api/v1/me").status_code == 200


def _sign_in(client: Client, email: str, password: str = PASSWORD) -> Any:
    return client.post(SIGN_IN, {"login": email, "password": password})


def _sign_up(client: Client, email: str, password: str = "correct horse battery") -> Any:
    return client.post("/accounts/signup/", {"email": email, "password1": password})


def test_signing_up_makes_a_person_with_a_profile(client: Client) -> None:
    answer = _sign_up(client, "Eve@Example.org")
    assert (answer.status_code, answer["Location"]) == (302, HOME)
    me = client.get("/api/v1/me").json()
    assert me["email"] == "eve@example.org"
    with as_service("test"):
        user = User.objects.get(pk=me["id"])
        assert user.profile.time_zone == "UTC"
        assert user.emailaddress_set.get().email == user.email  # type: ignore[attr-defined]


@pytest.mark.parametrize("email", ["ada@example.org", "ADA@Example.org"])
def test_nobody_signs_up_twice(email: str, client: Client, user: User) -> None:
    answer = _sign_up(client, email)
    assert answer.status_code == 200 and answer.context["form"].errors["email"]
    assert not _is_signed_in(client)
    with as_service("test"):
        assert User.objects.count() == 1


def test_an_address_kept_with_capitals_is_still_taken(client: Client, user: User) -> None:
    with as_service("test"):
        User.objects.filter(pk=user.pk).update(email="Ada@Example.org")
    assert _sign_up(client, "ada@example.org").context["form"].errors["email"]


def test_two_who_sign_up_at_once(client: Client, user: User, monkeypatch: Any) -> None:
    """The look-up found nobody, and then the row was there."""
    from accounts.forms import SignUpForm

    monkeypatch.setattr(SignUpForm, "clean_email", lambda form: form.cleaned_data["email"])
    answer = _sign_up(client, "ada@example.org")
    assert (answer.status_code, answer["Location"]) == (302, SIGN_IN)
    with as_service("test"):
        assert User.objects.count() == 1


@pytest.mark.parametrize("password", ["short", "12345678901", "password123", "eve@example.org"])
def test_weak_passwords_are_refused(password: str, client: Client) -> None:
    assert _sign_up(client, "eve@example.org", password).context["form"].errors
    with as_service("test"):
        assert not User.objects.exists()


def test_sign_up_can_be_closed(client: Client, settings: Any) -> None:
    settings.SIGN_UP_OPEN = False
    _sign_up(client, "eve@example.org")
    with as_service("test"):
        assert not User.objects.exists()


@pytest.mark.parametrize("email", ["ada@example.org", "ADA@EXAMPLE.ORG", " Ada@example.org "])
def test_signing_in_does_not_mind_capitals(email: str, client: Client, user: User) -> None:
    answer = _sign_in(client, email)
    assert (answer.status_code, answer["Location"]) == (302, HOME)
    assert _is_signed_in(client)


@pytest.mark.parametrize(
    ("email", "password"),
    [("ada@example.org", "wrong"), ("nobody@example.org", PASSWORD), ("a\x00da@example.org", "x")],
)
def test_a_wrong_sign_in_says_the_same(
    email: str, password: str, client: Client, user: User
) -> None:
    answer = _sign_in(client, email, password)
    assert answer.status_code == 200 and answer.context["form"].errors
    assert not _is_signed_in(client)


def test_guessing_is_slowed_down(client: Client, user: User) -> None:
    for _ in range(5):
        _sign_in(client, "ada@example.org", "wrong")
    assert _sign_in(client, "ada@example.org").status_code in (200, 429)
    assert not _is_signed_in(client)


def test_somebody_switched_off_is_out_at_once(
    client_of: Callable[[User], Client], user: User
) -> None:
    client = client_of(user)
    assert _is_signed_in(client)
    with as_service("test"):
        User.objects.update(is_active=False)
    assert not _is_signed_in(client)


def test_signing_out_ends_the_session(client: Client, user: User) -> None:
    _sign_in(client, user.email)
    client.post("/accounts/logout/")
    assert not _is_signed_in(client)


def test_a_session_slides(client_of: Callable[[User], Client], user: User) -> None:
    """Half over, and a visit moves the end of it."""
    client = client_of(user)
    session = client.session
    session[SEEN_AT] = 0
    session.save()
    half = timezone.now() + timezone.timedelta(days=15)  # type: ignore[attr-defined]
    Session.objects.update(expire_date=half)
    assert client.get("/api/v1/me").cookies["sessionid"]["max-age"] == 30 * 24 * 3600
    assert Session.objects.get().expire_date > half


def test_a_forgotten_password_is_mended_by_mail(
    client: Client, user: User, settings: Any, tmp_path: Path
) -> None:
    settings.EMAIL_BACKEND = "ourvidz.mail.ConsoleAndFileBackend"
    settings.EMAIL_FILE_PATH = tmp_path
    client.post("/accounts/password/reset/", {"email": "ADA@example.org"})
    (mail,) = tmp_path.iterdir()
    (path,) = re.findall(r"https?://[^/\s]+(/accounts/password/reset/key/\S+)", mail.read_text())

    form = client.get(path, follow=True)
    new = {"password1": "another fine phrase", "password2": "another fine phrase"}
    answer = client.post(form.redirect_chain[-1][0], new)
    assert answer.status_code == 302
    assert _sign_in(Client(), user.email).status_code == 200
    assert _sign_in(Client(), user.email, "another fine phrase").status_code == 302
    # The link is spent.
    assert "token_fail" in Client().get(path, follow=True).context


def test_a_mail_to_a_stranger_tells_nothing(client: Client, user: User) -> None:
    known = client.post("/accounts/password/reset/", {"email": user.email})
    unknown = client.post("/accounts/password/reset/", {"email": "nobody@example.org"})
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])


def test_a_one_time_link_signs_in_once(client: Client, user: User) -> None:
    path = one_time_link(user=user)
    answer = client.get(path)
    assert (answer.status_code, answer["Location"]) == (302, HOME)
    assert answer["Cache-Control"].startswith("max-age=0")
    assert client.get("/api/v1/me").json()["email"] == user.email

    second = Client()
    answer = second.get(path)
    assert (answer.status_code, answer["Location"]) == (302, SIGN_IN)
    assert not _is_signed_in(second)


def test_guessing_links_is_slowed_down(client: Client, user: User) -> None:
    for _ in range(10):
        assert client.get("/accounts/once/guess").status_code == 302
    path = one_time_link(user=user)
    assert client.get(path).status_code == 429
