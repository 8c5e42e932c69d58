"""Who sits at a socket: session cookies become people, many in one look. A socket asks when it
opens and again while it is open, as a session may end at any time. Requests have middleware.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.sessions.models import Session
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from ourvidz import rows


@dataclass(frozen=True)
class Visitor:
    """Somebody who is signed in, as far as a socket must know."""

    user_id: uuid.UUID
    is_staff: bool


def visitors(session_keys: Iterable[str]) -> dict[str, Visitor]:
    """Return who is signed in with which of these sessions, in two queries.

    A session that is unknown or over, or whose person is switched off or has another password by
    now, is left out.
    """
    with rows.as_service("sign-in"):
        claims = _claims(session_keys)
        people = _people(claims.values())
    found = {key: people.get(claim.get(SESSION_KEY, "")) for key, claim in claims.items()}
    return {
        key: Visitor(user_id=user.pk, is_staff=user.is_staff)
        for key, user in found.items()
        if user is not None and _holds(claims[key], user)
    }


def _claims(session_keys: Iterable[str]) -> dict[str, dict[str, Any]]:
    alive = Session.objects.filter(
        session_key__in=set(session_keys), expire_date__gt=timezone.now()
    )
    return {session.session_key: session.get_decoded() for session in alive}


def _people(claims: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    ids = {claim[SESSION_KEY] for claim in claims if SESSION_KEY in claim}
    active = get_user_model().objects.filter(pk__in=ids, is_active=True)
    return {str(user.pk): user for user in active}


def _holds(claim: Mapping[str, Any], user: Any) -> bool:
    """Say whether the sign-in still stands, as django.contrib.auth.get_user does for requests."""
    if claim.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return False
    given = claim.get(HASH_SESSION_KEY, "")
    hashes = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    return any(constant_time_compare(given, one) for one in hashes)
