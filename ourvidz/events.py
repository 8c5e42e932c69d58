"""The closed list of what the feed can say. Changes say which rows changed; moments paint directly
and may be lost. Not for how anything looks: pages fetch that.
"""

from __future__ import annotations

# event → (the ids it carries, the few fields it may carry)
CHANGES: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "session.changed": (frozenset({"session"}), frozenset({"name", "active"})),
    "session.removed": (frozenset({"session"}), frozenset()),
    "session.cleared": (frozenset({"session"}), frozenset()),
    "items.created": (frozenset({"session", "batch", "items"}), frozenset()),
    "item.changed": (frozenset({"item", "session"}), frozenset({"status", "job_status"})),
    "item.removed": (frozenset({"item", "session"}), frozenset()),
    "job.changed": (frozenset({"job"}), frozenset({"status", "destination"})),
    "media.created": (frozenset({"media"}), frozenset({"content_type"})),
    "media.changed": (frozenset({"media"}), frozenset()),
    "media.removed": (frozenset({"media"}), frozenset()),
    "project.changed": (frozenset({"project"}), frozenset()),
    "project.removed": (frozenset({"project"}), frozenset()),
    "reference.created": (frozenset({"reference"}), frozenset()),
    "reference.removed": (frozenset({"reference"}), frozenset()),
    "profile.changed": (frozenset(), frozenset()),
}

# moment → its fields
MOMENTS: dict[str, frozenset[str]] = {
    "job.progress": frozenset({"job", "item", "step", "of", "preview"}),
    "queue.places": frozenset({"running", "waiting", "ready_in", "places"}),
    "fleet.worker": frozenset({"worker", "name", "status", "job", "loaded_preset"}),
    # The socket's own: the person was signed out or switched off, so it must close.
    "access.revoked": frozenset(),
}


def check_change(event: str, ids: dict[str, object], fields: dict[str, object]) -> None:
    """Raise ValueError where a change is not in the list, or not in its shape."""
    known = CHANGES.get(event)
    if known is None or set(ids) != known[0] or not set(fields) <= known[1]:
        raise ValueError(f"The feed has no event {event} with {sorted(ids)} and {sorted(fields)}.")


def check_moment(event: str, fields: dict[str, object]) -> None:
    """Raise ValueError where a moment is not in the list, or carries what it must not."""
    known = MOMENTS.get(event)
    if known is None or not set(fields) <= known:
        raise ValueError(f"The feed has no moment {event} with {sorted(fields)}.")
