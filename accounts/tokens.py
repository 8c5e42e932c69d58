"""API tokens as they travel: how a secret is made, hashed and found again. Not for issuing or
revoking them: see services.py.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.http import HttpRequest
from django.utils import timezone

from accounts.models import ApiToken

PREFIX = "ovz_"
SHOWN = 12
# Writing "last used" at each request would make every read a write.
USED_EVERY = timedelta(minutes=1)


def new_secret() -> str:
    """Return a fresh secret: 256 random bits behind a prefix that scanners can recognise."""
    return PREFIX + secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """Return the SHA-256 of a secret, in hex. The secret is random, so a slow hash would add
    nothing.
    """
    return hashlib.sha256(secret.encode()).hexdigest()


def bearer(request: HttpRequest) -> str:
    """Return the token of the Authorization header, or an empty text."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else ""


def token_of(request: HttpRequest) -> ApiToken | None:
    """Return the usable API token that a request carries, or None. Needs the system's identity."""
    secret = bearer(request)
    if not secret.startswith(PREFIX):
        return None
    token = (
        ApiToken.objects.usable()
        .select_related("user")
        .filter(digest=digest(secret), user__is_active=True)
        .first()
    )
    if token is not None:
        _mark_used(token)
    return token


def _mark_used(token: ApiToken) -> None:
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at > USED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
