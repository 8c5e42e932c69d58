"""How media are shown in a grid: tiles of known proportions under the days they were made on. Not
for reading rows: see listing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import groupby
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from library.models import Media
from ourvidz.drawn import Part, drawn

FALLBACK_SIDE = 512
# A tile's proportions, in steps of 5 %: the stylesheet has a rule for each, since the page allows
# no style attributes. What is narrower or wider is cut.
STEP = math.log(1.05)
NARROWEST, WIDEST = -16, 20


@dataclass(frozen=True)
class Tile:
    """One picture or video of a grid. `row` is media, or a reference."""

    row: Any

    @property
    def name(self) -> str:
        """What it is called aloud."""
        return getattr(self.row, "prompt", "") or getattr(self.row, "name", "")

    @property
    def width(self) -> int:
        return self.row.width or FALLBACK_SIDE

    @property
    def height(self) -> int:
        return self.row.height or FALLBACK_SIDE

    @property
    def ratio(self) -> int:
        """The step of its proportions: see library_ratio.css."""
        step = round(math.log(self.width / self.height) / STEP)
        return min(max(step, NARROWEST), WIDEST)

    @property
    def is_video(self) -> bool:
        return getattr(self.row, "content_type", "") == Media.Kind.VIDEO

    @property
    def is_film(self) -> bool:
        """Nothing but the video itself shows it: it has no poster."""
        return self.is_video and not self.row.thumbnail_url

    @property
    def picture(self) -> str:
        """The url of the picture in the size that a tile needs."""
        return self.row.tile_url


def drawn_tiles(tiles: Iterable[Tile], viewer_query: str) -> list[SafeString]:
    """Return the text of each tile of the library; `viewer_query` names the list it stands in."""
    parts = [
        Part({"tile": tile, "url": viewer_query}, (*_looks(tile.row), viewer_query))
        for tile in tiles
    ]
    return drawn("library/_tile.html", parts)


def _looks(media: Any) -> tuple[Any, ...]:
    size = (media.width, media.height, media.duration, media.content_type)
    return media.pk, media.prompt, media.url, media.thumbnail_url, bool(media.starred_at), *size


@dataclass(frozen=True)
class Day:
    """The tiles of one day. A page that goes on with the day before it has no heading there; nor
    has a list that is not divided.
    """

    date: date | None
    tiles: list[Tile]
    continues: bool

    @cached_property
    def heading(self) -> str:
        """Today, Yesterday, or the day's name."""
        if self.date is None:
            return ""
        today = timezone.localdate()
        if self.date == today:
            return _("Today")
        if self.date == today - timedelta(days=1):
            return _("Yesterday")
        written = _("l, j F") if self.date.year == today.year else _("l, j F Y")
        return date_format(self.date, written)


def days_of(media: Iterable[Media], after: str = "", by: str = "created_at") -> list[Day]:
    """Group rows by the day (in the person's time zone) of one of their times; all are one group
    where `by` is empty.

    `after` is the last day (ISO) of the page before this one.
    """
    if not by:
        tiles = [Tile(row) for row in media]
        return [Day(None, tiles, True)] if tiles else []

    def day_of(row: Media) -> date:
        moment: datetime = getattr(row, by)
        return timezone.localtime(moment).date()

    return [
        Day(day, [Tile(row) for row in rows], day.isoformat() == after)
        for day, rows in groupby(media, key=day_of)
    ]
