"""The way back of a move: where media lay before, kept for as long as the page offers it. Not for
deletions: what is deleted knows itself when that was.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Sequence
from typing import Any

from django.core.cache import cache
from django.db import transaction

from library.models import Project
from library.services import move_media, own_many
from ourvidz.errors import Refused

KEPT_SECONDS = 600


def remember_places(user: Any, media_ids: Sequence[uuid.UUID]) -> str:
    """Keep where these media lie now; returns the name by which put_back finds it."""
    places: dict[str, list[str]] = {}
    for media in own_many(user, media_ids):
        places.setdefault(str(media.project_id or ""), []).append(str(media.pk))
    token = secrets.token_urlsafe(9)
    cache.set(_key(user, token), places, KEPT_SECONDS)
    return token


@transaction.atomic
def put_back(*, user: Any, token: str) -> None:
    """Put media where they lay. What lay in a project that is gone since lies in none.

    Raises Refused('undo_over' | 'media_missing').
    """
    places = cache.get(_key(user, token))
    if places is None:
        raise Refused("undo_over")
    mine: Any = Project.objects.for_user(user)
    known = {str(pk) for pk in mine.kept().values_list("pk", flat=True)}
    for place, ids in places.items():
        project_id = uuid.UUID(place) if place in known else None
        move_media(user=user, media_ids=[uuid.UUID(one) for one in ids], project_id=project_id)


def _key(user: Any, token: str) -> str:
    return f"library.undo:{user.pk}:{token}"
