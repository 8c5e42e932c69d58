"""Accounts, profiles, tokens and one-time links, as services. Not for the pages that use them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import signing
from django.utils import timezone

from accounts import services
from accounts.models import ApiToken, Profile, User
from accounts.tokens import digest
from ourvidz import feed
from ourvidz.errors import Refused
from ourvidz.rows import as_service, as_user


def _refuses(code: str) -> Any:
    return pytest.raises(Refused, match=None, check=lambda refused: refused.code == code)


@pytest.mark.django_db
def test_an_account_has_a_profile_and_an_address() -> None:
    with as_service("test"):
        user = services.create_account(email=" Ada@Example.ORG ", password="a long passphrase")
        assert user.email == "ada@example.org"
        assert user.profile.language == "en"
        assert EmailAddress.objects.get(user=user).email == user.email
        assert user.check_password("a long passphrase") and not user.is_staff


@pytest.mark.django_db
def test_an_operator_may_do_everything() -> None:
    with as_service("test"):
        user = services.create_account(email="op@example.org", password=None, is_staff=True)
        assert user.is_staff and user.is_superuser and not user.has_usable_password()


@pytest.mark.django_db
@pytest.mark.parametrize("email", ["ada@example.org", "ADA@EXAMPLE.ORG", "Ada@Example.org "])
def test_one_address_is_one_person(email: str, user: User) -> None:
    with as_service("test"), _refuses("email_taken"):
        services.create_account(email=email, password="x")
    with as_service("test"):
        assert User.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("email", ["", "ada", "ada@", "a\x00da@example.org", "a" * 300 + "@b.org"])
def test_refuses_what_is_no_address(email: str) -> None:
    with as_service("test"), _refuses("email_invalid"):
        services.create_account(email=email, password="x")


@pytest.mark.django_db
def test_a_person_changes_their_profile(user: User) -> None:
    with as_user(user):
        before = feed.head(user.pk)
        services.update_profile(user=user, display_name=" Ada ", time_zone="Europe/Berlin")
        services.update_profile(user=user, language="de", theme="dark")
        profile = Profile.objects.get()
    assert (profile.display_name, profile.time_zone) == ("Ada", "Europe/Berlin")
    assert (profile.language, profile.theme) == ("de", "dark")
    with as_user(user):
        assert feed.head(user.pk) == before + 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"time_zone": "Mars/Olympus"}, "time_zone_unknown"),
        ({"time_zone": "../../etc/passwd"}, "time_zone_unknown"),
        ({"time_zone": "\x00"}, "time_zone_unknown"),
        ({"language": "xx"}, "language_unknown"),
        ({"theme": "pink"}, "theme_unknown"),
        ({"display_name": "a" * 81}, "name_too_long"),
    ],
)
def test_refuses_a_setting(changes: dict[str, str], code: str, user: User) -> None:
    with as_user(user), _refuses(code):
        services.update_profile(user=user, **changes)


@pytest.mark.django_db
def test_a_token_is_kept_as_a_digest_only(user: User) -> None:
    with as_user(user):
        token, secret = services.issue_token(user=user, name="Laptop", scopes=["write", "read"])
        kept = ApiToken.objects.values().get()
    assert secret.startswith("ovz_") and len(secret) > 40
    assert kept["digest"] == digest(secret) and secret not in str(kept)
    assert kept["scopes"] == ["read", "write"] and secret.startswith(token.prefix)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"name": "  "}, "name_empty"),
        ({"name": "a" * 81}, "name_too_long"),
        ({"scopes": []}, "scope_empty"),
        ({"scopes": ["admin"]}, "scope_unknown"),
        ({"expires_at": timezone.now() - timedelta(seconds=1)}, "expiry_past"),
    ],
)
def test_refuses_a_token(changes: dict[str, Any], code: str, user: User) -> None:
    wanted: dict[str, Any] = {"name": "x", "scopes": ["read"]} | changes
    with as_user(user), _refuses(code):
        services.issue_token(user=user, **wanted)


@pytest.mark.django_db
def test_revoking_keeps_its_first_time(user: User, other_user: User) -> None:
    with as_user(user):
        token, _secret = services.issue_token(user=user, name="x", scopes=["read"])
        first = services.revoke_token(user=user, token_id=token.pk).revoked_at
        assert first is not None
        assert services.revoke_token(user=user, token_id=token.pk).revoked_at == first
    with as_user(other_user), _refuses("not_found"):
        services.revoke_token(user=other_user, token_id=token.pk)


def _redeem(path: str) -> User:
    with as_service("test"):
        return services.redeem_one_time_link(token=path.rpartition("/")[2])


@pytest.mark.django_db
def test_a_link_works_once(user: User) -> None:
    path = services.one_time_link(user=user)
    assert _redeem(path) == user
    with _refuses("link_invalid"):
        _redeem(path)


@pytest.mark.django_db
def test_a_link_ends(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    path = services.one_time_link(user=user)
    monkeypatch.setattr(services, "LINK_LIFE", timedelta(seconds=-1))
    with _refuses("link_invalid"):
        _redeem(path)


@pytest.mark.django_db
def test_a_link_that_is_not_ours_or_of_somebody_switched_off(user: User) -> None:
    with _refuses("link_invalid"):
        _redeem(signing.TimestampSigner(salt="other").sign("x"))
    path = services.one_time_link(user=user)
    with as_service("test"):
        User.objects.update(is_active=False)
    with _refuses("link_invalid"):
        _redeem(path)
