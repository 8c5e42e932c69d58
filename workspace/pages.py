"""What the workspace's page shows: a page of rows, the facts in its head, the dock's choices. Reads
only. Not for how a card looks: see cards.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Count, Min, Q
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from jobs import kept_presets
from jobs.models import ContentType, Preset
from jobs.presets import Words, words_of
from library.models import Project
from ourvidz.models import uuid7
from workspace.cards import Batch, batches_of, drawn_rows, pattern
from workspace.examples import examples_of
from workspace.forms import COUNTS, DEFAULT_COUNT, PresetForm
from workspace.making import acts_of
from workspace.models import ItemQuerySet, WorkspaceItem, WorkspaceSession
from workspace.sessions import CLEANED

PAGE = 24  # items; more than the largest batch, so that a page always holds a whole one
LARGEST_PAGE = 600
# Rows that a page brings whole: one above the row that its window begins with, and what follows it.
ROWS_ABOVE, ROWS_BELOW = 1, 6
SESSIONS_SHOWN = 30
PROJECTS_SHOWN = 200
MOST_COUNTED = 1000
WHOLE = "whole"
GROUPS = (
    ("things", _("Things")),
    ("places", _("Places")),
    ("times", _("Times")),
    ("colours", _("Colours")),
    ("sides", _("Sides")),
    ("sizes", _("Sizes")),
)


def page_context(request: HttpRequest, session: WorkspaceSession) -> dict[str, Any]:
    """Everything of the whole page."""
    presets = list(kept_presets.by_slug().values())
    return {
        **title_context(request, session),
        **batches_context(
            session,
            loaded=loaded_in(request),
            presets=presets,
            # Without scripts nobody would fill the rows that come as frames.
            at=None if WHOLE in request.GET else request.GET.get("at", ""),
        ),
        **dock_context([one for one in presets if one.is_offered and one.needs_words]),
        "acts": acts_of(presets),
        "pattern": pattern(),
        "projects": Project.objects.for_user(request.user).by_name()[:PROJECTS_SHOWN],
        "given_prompt": request.GET.get("prompt", ""),
    }


def loaded_in(request: HttpRequest) -> int:
    """How many items the page had before it was reloaded."""
    given = request.GET.get("loaded", "")
    return int(given) if given.isdecimal() and len(given) < 5 else PAGE


def title_context(request: HttpRequest, session: WorkspaceSession) -> dict[str, Any]:
    """The head: the session, the others to switch to, how many items it has."""
    others = WorkspaceSession.objects.for_user(request.user).present().last_used_first()
    facts = _counts(session) | {"days": settings.WORKSPACE_ITEM_DAYS}
    cleaned = session.metadata.get(CLEANED)
    since = datetime.fromisoformat(cleaned["at"]) if cleaned else None
    return {
        "session": session,
        "sessions": others[:SESSIONS_SHOWN],
        "facts": facts,
        "cleaned": cleaned and {"count": cleaned["count"], "at": since},
    }


def batches_context(
    session: WorkspaceSession,
    *,
    before: str = "",
    loaded: int = PAGE,
    presets: Sequence[Preset] | None = None,
    at: str | None = None,
) -> dict[str, Any]:
    """One page of rows, newest first: those `before` a cursor, or at least the `loaded` newest.

    `at` names the batch that the window begins with (none is the first): only rows near it come
    whole. Without it all do.
    """
    limit = min(max(loaded, PAGE), LARGEST_PAGE)
    page = list(_before(_items(session), before)[: limit + 1])
    whole = _whole_batches(page, limit)
    older = _cursor(whole[-1]) if len(page) > limit else ""
    batches = batches_of(whole, presets)
    near = None if at is None else _near(batches, at)
    is_whole = near is None or len(near) == len(batches)
    rows = drawn_rows(batches, near)
    return {"session": session, "rows": rows, "older": older, "is_whole": is_whole}


def batch_context(session: WorkspaceSession, batch_ids: Collection[uuid.UUID]) -> dict[str, Any]:
    """The rows of certain batches; no row where nothing is left of one."""
    batches = batches_of(_items(session).filter(batch_id__in=batch_ids))
    return {"session": session, "rows": drawn_rows(batches)}


def dock_context(presets: Sequence[Preset]) -> dict[str, Any]:
    """The dock: presets with their fields, and what can be chosen for all of them."""
    chosen = presets[0] if presets else None
    words = words_of(chosen) if chosen else Words()
    return {
        "presets": presets,
        "chosen": chosen,
        "preset_forms": [PresetForm(preset) for preset in presets],
        "has_video": any(preset.content_type == ContentType.VIDEO for preset in presets),
        "counts": COUNTS,
        "count": DEFAULT_COUNT,
        "key": uuid7(),
        "known_words": _groups(words),
        "examples": examples_of(words),
    }


def _counts(session: WorkspaceSession) -> dict[str, Any]:
    """How many items there are and how many of them are saved, of the newest `MOST_COUNTED`."""
    newest = _items(session).values("pk", "status", "expires_at")[: MOST_COUNTED + 1]
    is_saved = Q(status=WorkspaceItem.Status.SAVED)
    counts = newest.aggregate(
        items=Count("pk"),
        saved=Count("pk", filter=is_saved),
        until=Min("expires_at", filter=~is_saved),
    )
    more = counts["items"] > MOST_COUNTED
    return counts | {"items": min(counts["items"], MOST_COUNTED), "more": more}


def _items(session: WorkspaceSession) -> ItemQuerySet:
    items = WorkspaceItem.objects.for_user(session.user_id).present().filter(session=session)
    return items.newest_first().select_related("job")


def _groups(words: Words) -> list[dict[str, Any]]:
    return [
        {"label": label, "words": words.groups[name]}
        for name, label in GROUPS
        if words.groups.get(name)
    ]


def _near(batches: Sequence[Batch], at: str) -> set[Any]:
    """Return the ids of the batches around the one that is `at` the window's beginning."""
    first = next((place for place, row in enumerate(batches) if str(row.id) == at), 0)
    return {row.id for row in batches[max(first - ROWS_ABOVE, 0) : first + ROWS_BELOW]}


def _before(items: ItemQuerySet, cursor: str) -> ItemQuerySet:
    """Return the items that come after the cursor in the order newest first."""
    time, _sign, row = cursor.partition("_")
    try:
        moment, row_id = datetime.fromisoformat(time), uuid.UUID(row)
    except ValueError:
        return items
    return items.filter(
        Q(created_at__lt=moment) | Q(created_at=moment, id__lt=row_id), created_at__lte=moment
    )


def _cursor(item: WorkspaceItem) -> str:
    return f"{item.created_at.isoformat()}_{item.pk}"


def _whole_batches(page: Sequence[WorkspaceItem], limit: int) -> list[WorkspaceItem]:
    """Drop the last batch of a page where the next page would hold the rest of it."""
    if len(page) <= limit:
        return list(page)
    cut = page[limit].batch_id
    whole = [item for item in page[:limit] if item.batch_id != cut]
    return whole or list(page[:limit])
