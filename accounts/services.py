"""Writes about people: accounts, profiles, API tokens, and the link that signs an operator in once.
Not for sign-in with a password, which is allauth's.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import available_timezones

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core import signing
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, validate_email
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import ApiToken, Profile, User
from accounts.tokens import SHOWN, digest, new_secret
from ourvidz import feed
from ourvidz.errors import Refused

NAME_LIMIT = 80
ADDRESS_LIMIT = 254
LINK_LIFE = timedelta(minutes=15)
LINK_SALT = "accounts.one-time-link"


def create_account(
    *, email: str, password: str | None = None, is_staff: bool = False, language: str = "en"
) -> User:
    """Make an account with its profile; needs the system's identity. Operators get every right.

    Raises Refused('email_invalid' or 'email_taken'): one address, however it is written, is one
    person.
    """
    address = _address(email)
    try:
        with transaction.atomic():
            user = User.objects.create_user(
                address, password, is_staff=is_staff, is_superuser=is_staff
            )
            EmailAddress.objects.create(user=user, email=address, primary=True, verified=is_staff)
    except IntegrityError as error:
        raise Refused("email_taken", field="email") from error
    Profile.objects.filter(pk=user.pk).update(language=_language(language))
    return user


def update_profile(*, user: User, **changes: str) -> Profile:
    """Change display_name, time_zone, language or theme. Raises Refused, naming the field."""
    checks = {
        "display_name": _name,
        "time_zone": _time_zone,
        "language": _language,
        "theme": _theme,
    }
    with transaction.atomic():
        profile = Profile.objects.for_user(user.pk).select_for_update().get()
        for name, value in changes.items():
            setattr(profile, name, checks[name](value))
        profile.save(update_fields=list(changes))
        profile.refresh_from_db(fields=["updated_at"])
        feed.publish(user.pk, "profile.changed", {})
    return profile


def issue_token(
    *, user: User, name: str, scopes: Sequence[str], expires_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """Make an API token. Returns it with its secret, which is shown this once. Raises Refused."""
    name = _name(name)
    if not name:
        raise Refused("name_empty", field="name")
    if expires_at is not None and expires_at <= timezone.now():
        raise Refused("expiry_past", field="expires_at")
    secret = new_secret()
    token = ApiToken.objects.create(
        user=user,
        name=name,
        prefix=secret[:SHOWN],
        digest=digest(secret),
        scopes=_scopes(scopes),
        expires_at=expires_at,
    )
    return token, secret


def revoke_token(*, user: User, token_id: uuid.UUID) -> ApiToken:
    """Make a token useless from now on. Repeating it changes nothing. Raises
    Refused('not_found').
    """
    with transaction.atomic():
        token = ApiToken.objects.for_user(user).select_for_update().filter(pk=token_id).first()
        if token is None:
            raise Refused("not_found")
        if token.revoked_at is None:
            token.revoked_at = timezone.now()
            token.save(update_fields=["revoked_at"])
    return token


def one_time_link(*, user: User) -> str:
    """Return the path of a link that signs `user` in once, within fifteen minutes."""
    nonce = secrets.token_urlsafe(32)
    cache.set(_link_key(nonce), str(user.pk), LINK_LIFE.total_seconds())
    return reverse("one_time_link", args=[_signer().sign(nonce)])


def redeem_one_time_link(*, token: str) -> User:
    """Return whom a link signs in, and spend it. Raises Refused('link_invalid')."""
    try:
        nonce = _signer().unsign(token, max_age=LINK_LIFE)
    except signing.BadSignature as error:
        raise Refused("link_invalid") from error
    user_id = cache.get(_link_key(nonce))
    # Deleting says whether there was something to delete: of two who come at once, one gets in.
    if user_id is None or not cache.delete(_link_key(nonce)):
        raise Refused("link_invalid")
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None:
        raise Refused("link_invalid")
    return user


def _address(email: str) -> str:
    """Return an address as it is kept: lower case, since people type it either way."""
    address = email.strip().lower()
    try:
        validate_email(address)
        MaxLengthValidator(ADDRESS_LIMIT)(address)
    except ValidationError as error:
        raise Refused("email_invalid", field="email") from error
    return address


def _name(value: str) -> str:
    name = value.replace("\x00", "").strip()
    if len(name) > NAME_LIMIT:
        raise Refused("name_too_long", field="name", limit=NAME_LIMIT)
    return name


def _time_zone(value: str) -> str:
    if value not in available_timezones():
        raise Refused("time_zone_unknown", field="time_zone", time_zone=value[:40])
    return value


def _language(value: str) -> str:
    return _one_of(value, [code for code, _ in settings.LANGUAGES], "language")


def _theme(value: str) -> str:
    return _one_of(value, Profile.Theme.values, "theme")


def _one_of(value: str, choices: Sequence[str], field: str) -> str:
    if value not in choices:
        raise Refused(f"{field}_unknown", field=field, choices=", ".join(choices))
    return value


def _scopes(scopes: Sequence[str]) -> list[str]:
    if not scopes:
        raise Refused("scope_empty", field="scopes")
    choices: list[str] = ApiToken.Scope.values
    if not set(scopes) <= set(choices):
        raise Refused("scope_unknown", field="scopes", choices=", ".join(choices))
    return [scope for scope in choices if scope in scopes]


def _signer() -> signing.TimestampSigner:
    return signing.TimestampSigner(salt=LINK_SALT)


def _link_key(nonce: str) -> str:
    """Only the digest is kept: whoever reads Redis cannot sign in with it."""
    return f"one-time-link:{digest(nonce)}"
