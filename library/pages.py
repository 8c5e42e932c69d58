"""What the library's pages show: a page of tiles under their days, the filters, the references.
Reads, but for the uploads, which it hands on one by one. Not for how a tile looks: see tiles.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.utils.safestring import SafeString

from library import references
from library.listing import DATES, KINDS, ONLY, PAGE, SHOWN, SIZES, SORTS, Listing
from library.models import Project, Reference
from library.shelves import PROJECTS
from library.tiles import Tile, days_of, drawn_tiles
from ourvidz.errors import Refused
from ourvidz.pagination import Keyset

MOST_UPLOADS = 20  # at once
REFERENCES = 60


def grid_context(listing: Listing, query: Mapping[str, str]) -> dict[str, Any]:
    """One page of tiles: from `cursor` on, or (after a return or a change) the first `loaded`."""
    loaded = query.get("loaded", "")
    size = max(PAGE, int(loaded)) if loaded.isdecimal() and len(loaded) < 6 else PAGE
    media, cursor = _page(listing, query.get("cursor", ""), size)
    days = days_of(media, query.get("day", ""), listing.day)
    older = {**listing.params, "fragment": "tiles", "cursor": cursor}
    if days and days[-1].date:
        older["day"] = days[-1].date.isoformat()
    return {
        "listing": listing,
        "days": [(day, drawn_tiles(day.tiles, listing.viewer_query)) for day in days],
        "older": f"?{urlencode(older)}" if cursor else "",
        "bin_days": settings.BIN_DAYS,
        "inside": _inside(listing),
    }


def some_tiles(listing: Listing, media_ids: Iterable[uuid.UUID]) -> list[SafeString]:
    """Return the text of those tiles that are in the list, as they are now."""
    found = listing.media.only(*SHOWN).filter(pk__in=list(media_ids))
    return drawn_tiles([Tile(row) for row in found], listing.viewer_query)


def filters_context(listing: Listing) -> dict[str, Any]:
    """What can be chosen beside the search."""
    return {
        "kinds": KINDS.items(),
        "dates": [(name, label) for name, (_days, label) in DATES.items()],
        "sorts": SORTS.items(),
        "models": listing.models(),
        "date_label": DATES[listing.date][1] if listing.date else "",
        "kind_label": KINDS.get(listing.kind, ""),
        "sort_label": SORTS[listing.sort],
        "sizes": SIZES.items(),
        "only": [(name, label, bool(getattr(listing, name))) for name, label in ONLY.items()],
        "more_count": sum(bool(getattr(listing, name)) for name in ("size", *ONLY)),
    }


def references_context(user: Any, query: Mapping[str, str]) -> dict[str, Any]:
    """A page of references, newest first."""
    mine: Any = Reference.objects.for_user(user)
    pages = Keyset(mine.shown(), ["-created_at", "-id"], REFERENCES)
    try:
        rows = pages.page(query.get("cursor", ""))
    except Refused:
        rows = pages.page("")
    older = urlencode({"fragment": "tiles", "cursor": pages.next}) if pages.next else ""
    return {"tiles": [Tile(row) for row in rows], "older": f"?{older}" if older else ""}


def take_uploads(user: Any, files: Iterable[Any]) -> list[dict[str, str]]:
    """Keep each picture; return the name and the reason of those that were refused."""
    refused = []
    for file in list(files)[:MOST_UPLOADS]:
        try:
            references.add_reference(user=user, upload=file)
        except Refused as reason:
            refused.append({"name": file.name, "reason": str(reason)})
    return refused


def _inside(listing: Listing) -> list[Project]:
    """Return the projects in the list's project."""
    if listing.project is None or listing.project.parent_id:
        return []
    mine: Any = Project.objects.for_user(listing.user)
    return list(mine.by_name().filter(parent=listing.project)[:PROJECTS])


def _page(listing: Listing, cursor: str, size: int) -> tuple[list[Any], str]:
    """A cursor that is not ours (an old bookmark) counts as none."""
    try:
        return listing.page(cursor, size)
    except Refused:
        return listing.page("", size)
