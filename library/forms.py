"""Reads what the library's pages send: which media, which project. Not for rules: services
refuse.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.http import QueryDict

from library.models import Project
from library.services import create_project, own_project
from ourvidz.errors import Refused

MOST = 1000  # at once


def read_media_ids(data: QueryDict) -> list[uuid.UUID]:
    """Return the ids of the field `media`, which holds them with commas between.

    Raises Refused where there is none, or something that is no id.
    """
    ids = [as_uuid(text) for text in data.get("media", "").split(",")[:MOST]]
    found = [one for one in ids if one]
    if not found or len(found) != len(ids):
        raise Refused("media_missing")
    return found


def read_project(user: Any, data: QueryDict) -> Project | None:
    """Return the project that media are moved to: a new one by its `name`, an old one, or none.

    Raises Refused.
    """
    name = data.get("name", "").strip()
    if name:
        return create_project(user=user, name=name)
    text = data.get("project", "")
    if not text:
        return None
    wanted = as_uuid(text)
    if wanted is None:
        raise Refused("project_missing", field="project")
    return own_project(user, wanted)


def as_uuid(text: str) -> uuid.UUID | None:
    """Return the id that a text holds, or None."""
    try:
        return uuid.UUID(text.strip())
    except ValueError:
        return None
