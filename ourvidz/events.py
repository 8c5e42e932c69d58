"""The closed list of what the feed can say. Changes say which rows changed; moments paint directly
and may be lost. Not for how anything looks: pages fetch that.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping

# name → the types its value may have
Shape = Mapping[str, type | tuple[type, ...]]

ID = (uuid.UUID, str)
SECONDS = (int, float, type(None))
NOTHING: Shape = {}
# A preview is a picture inside a message: what a worker sends is 8 KB before base64.
TEXT_LIMIT = 16_384

# change → (the ids it carries, the few fields it may carry)
CHANGES: Mapping[str, tuple[Shape, Shape]] = {
    "session.changed": ({"session": ID}, {"name": str, "active": bool}),
    "session.removed": ({"session": ID}, NOTHING),
    "session.cleared": ({"session": ID}, NOTHING),
    "items.created": ({"session": ID, "batch": ID, "items": list}, NOTHING),
    # picture: what its tile shows, so that a page can fetch it before the card's text
    "item.changed": (
        {"item": ID, "session": ID},
        {"status": str, "job_status": str, "picture": str},
    ),
    "item.removed": ({"item": ID, "session": ID}, NOTHING),
    "job.changed": ({"job": ID}, {"status": str, "destination": str}),
    "media.created": ({"media": ID}, {"content_type": str}),
    "media.changed": ({"media": ID}, NOTHING),
    "media.removed": ({"media": ID}, NOTHING),
    "project.changed": ({"project": ID}, NOTHING),
    "project.removed": ({"project": ID}, NOTHING),
    # what the library's column shows beside projects: tags, saved searches
    "library.changed": (NOTHING, NOTHING),
    "reference.created": ({"reference": ID}, NOTHING),
    "reference.removed": ({"reference": ID}, NOTHING),
    "profile.changed": (NOTHING, NOTHING),
}

# moment → the fields it may carry
MOMENTS: Mapping[str, Shape] = {
    "job.progress": {"job": ID, "item": ID, "step": int, "of": int, "preview": str},
    # paused: those that wait for their owner, and so are not among the waiting.
    # ready_in: until all of the person's jobs are ready, None where nobody can say.
    # places: {job: {place, start, seconds}}; place 1 is next, seconds until it starts and is ready.
    "queue.places": {
        "running": int,
        "waiting": int,
        "paused": int,
        "ready_in": SECONDS,
        "places": dict,
    },
    # state: waiting, running, here, failed, stopped or absent; sizes in bytes.
    "fleet.model": {
        "model": str,
        "state": str,
        "done": int,
        "of": int,
        "file": str,
        "detail": str,
    },
    "fleet.worker": {"worker": ID, "name": str, "status": str, "job": ID, "loaded_preset": str},
}


def check_change(event: str, ids: Mapping[str, object], fields: Mapping[str, object]) -> None:
    """Raise ValueError where a change is not in the list, or not in its shape."""
    known = CHANGES.get(event)
    if known is None or set(ids) != set(known[0]):
        raise ValueError(f"The feed has no event {event} with {sorted(ids)}.")
    _check_values(event, known[0], ids)
    _check_values(event, known[1], fields)


def check_moment(event: str, fields: Mapping[str, object]) -> None:
    """Raise ValueError where a moment is not in the list, or carries what it must not."""
    if event not in MOMENTS:
        raise ValueError(f"The feed has no moment {event}.")
    _check_values(event, MOMENTS[event], fields)


def _check_values(event: str, shape: Shape, values: Mapping[str, object]) -> None:
    for name, value in values.items():
        if name not in shape or not isinstance(value, shape[name]):
            raise ValueError(f"{event} carries no {name} like {value!r:.80}.")
        if isinstance(value, str) and len(value) > TEXT_LIMIT:
            raise ValueError(f"{event} carries {len(value)} letters of {name}: fetch them instead.")
