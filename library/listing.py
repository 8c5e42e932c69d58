"""One list of the library: a shelf or a project, narrowed by a search and filters, in one order.
Pages and the viewer's film strip walk through the same list. Not for how a tile looks: see tiles.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.db.models import F
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from library import search, words
from library.choices import models_of
from library.models import Media, MediaQuerySet, Project
from ourvidz.pagination import Keyset

PAGE = 60
LARGEST_PAGE = 1000
SHELVES = {
    "all": _("All media"),
    "starred": _("Starred"),
    "videos": _("Videos"),
    "bin": _("Bin"),
}
KINDS = {"image": _("Images"), "video": _("Videos")}
DATES = {
    "today": (0, _("Today")),
    "week": (6, _("Last 7 days")),
    "month": (29, _("Last 30 days")),
    "year": (364, _("Last 12 months")),
}
SIZES = {"small": _("Small"), "medium": _("Medium"), "large": _("Large")}
ONLY = {"starred": _("Starred only"), "reference": _("Made from a picture")}
SORTS = {
    "newest": _("Newest"),
    "oldest": _("Oldest"),
    "changed": _("Changed last"),
    "largest": _("Largest file"),
    "name": _("A to Z"),
}
# Each as an index of the table has it.
ORDERS = {
    "newest": ("-created_at", "-id"),
    "oldest": ("created_at", "id"),
    "changed": ("-updated_at", "-id"),
    "largest": ("-file_size", "-id"),
    "name": ("sort_name", "id"),
}
IN_THE_BIN = ("-deleted_at", "-id")
# Lists in these orders stand under days.
DAYS = {"newest": "created_at", "oldest": "created_at", "changed": "updated_at"}
# What a tile shows: the rest of a row (parameters, hashes, the file's place) stays in the database.
SHOWN = [
    "user_id",
    "prompt",
    "content_type",
    "url",
    "thumbnail_url",
    "sha256",
    "mime_type",
    "width",
    "height",
    "duration",
    "starred_at",
    "created_at",
    "deleted_at",
]


@dataclass(frozen=True)
class Listing:
    """Which media, in which order. `project` is None unless the list is one project's."""

    user: Any
    shelf: str = "all"
    project: Project | None = None
    q: str = ""
    kind: str = ""
    model: str = ""
    date: str = ""
    size: str = ""
    starred: str = ""
    reference: str = ""
    sort: str = "newest"
    now: datetime = field(default_factory=timezone.now)

    @classmethod
    def read(cls, user: Any, query: Mapping[str, str], shelf: str, project: Any) -> Listing:
        """Return the list that a query string asks for. Unknown values count as none."""
        only: dict[str, Any] = {name: "1" if query.get(name) == "1" else "" for name in ONLY}
        return cls(
            user=user,
            shelf=shelf if shelf in SHELVES else "all",
            project=project,
            q=query.get("q", "")[: search.LIMIT].strip(),
            kind=_known(query.get("kind", ""), KINDS),
            model=query.get("model", "")[:64].replace("\x00", ""),
            date=_known(query.get("date", ""), DATES),
            size=_known(query.get("size", ""), SIZES),
            **only,
            sort=_known(query.get("sort", ""), SORTS) or "newest",
        )

    @property
    def title(self) -> Any:
        return self.project.name if self.project else SHELVES[self.shelf]

    @property
    def is_bin(self) -> bool:
        return self.shelf == "bin"

    @property
    def is_narrowed(self) -> bool:
        """Whether something but the shelf itself decides what is shown."""
        return bool(self.narrowing)

    @property
    def narrowing(self) -> dict[str, str]:
        """The values that narrow the list, by their names in the address."""
        names = ("q", "kind", "model", "date", "size", *ONLY)
        return {name: value for name in names if (value := getattr(self, name))}

    @property
    def keys(self) -> tuple[str, ...]:
        """The order, as an index of the table has it."""
        return IN_THE_BIN if self.is_bin else ORDERS[self.sort]

    @property
    def day(self) -> str:
        """The time by whose days the list is divided; empty where it is not."""
        return "deleted_at" if self.is_bin else DAYS.get(self.sort, "")

    @property
    def shown(self) -> MediaQuerySet:
        """The rows with what a tile shows, and what they are ordered by."""
        return self.media.only(*SHOWN, *(key.removeprefix("-") for key in self.keys))

    @property
    def url(self) -> str:
        """The address of this list."""
        return self.home + self._encoded(self.params)

    @property
    def viewer_query(self) -> str:
        """What a tile's address carries, so that the viewer walks through this list."""
        place = {"shelf": self.shelf} if self.shelf != "all" else {}
        if self.project:
            place = {"project": str(self.project.pk)}
        return self._encoded({**place, **self.params})

    @property
    def params(self) -> dict[str, str]:
        """The query string's values, without those that go without saying."""
        return self.narrowing | ({"sort": self.sort} if self.sort != "newest" else {})

    @cached_property
    def media(self) -> MediaQuerySet:
        """Every row of the list, in no order."""
        mine: Any = Media.objects.for_user(self.user)
        found = mine.filter(deleted_at__isnull=not self.is_bin)
        if self.project:
            found = found.filter(project=self.project)
        if self.shelf == "starred" or self.starred:
            found = found.filter(starred_at__isnull=False)
        if self.shelf == "videos" or self.kind:
            found = found.filter(content_type=self.kind or Media.Kind.VIDEO)
        if self.model:
            found = found.filter(model_type=self.model)
        if self.date:
            found = found.filter(created_at__gte=self._since)
        if self.reference:
            found = found.filter(has_reference=True)
        found = self.search.apply(found)
        return found.filter(search.of_size(self.size)) if self.size else found

    @cached_property
    def search(self) -> search.Search:
        return search.read(self.user, self.q)

    def page(self, cursor: str = "", size: int = PAGE) -> tuple[list[Media], str]:
        """Return a page of rows, and the next one's cursor or an empty text. Raises Refused."""
        pages = Keyset(self.shown, self.keys, min(max(size, 1), LARGEST_PAGE), self._rows)
        return pages.page(cursor), pages.next or ""

    def around(self, media: Media, count: int) -> tuple[list[Media], list[Media]]:
        """Return up to `count` rows before a row, and behind it, both in the order of the list."""
        before = self._beyond(media, True, count)
        return before[::-1], self._beyond(media, False, count)

    def models(self) -> list[str]:
        """Return the models that the person used, and the one that is filtered by."""
        return sorted({*models_of(self.user), self.model} - {""})

    def _rows(self, found: Any) -> list[Media]:
        """Read the rows of one of the list's queries."""
        said = self.search.said
        return list(found) if said is None else words.read(found, self.user, said)

    def _beyond(self, media: Media, backward: bool, count: int) -> list[Media]:
        names = [key.removeprefix("-") for key in self.keys]
        values = [getattr(media, name) for name in names]
        if None in values:  # a row that is not of this list, such as a kept one and the bin
            return []
        descending = self.keys[0].startswith("-") is not backward
        compare = TupleLessThan if descending else TupleGreaterThan
        rows = self.shown.filter(compare(Tuple(*map(F, names)), values))
        order = (("-" if descending else "") + name for name in names)
        return self._rows(rows.order_by(*order)[:count])

    @property
    def _since(self) -> datetime:
        today = timezone.localtime(self.now).date() - timedelta(days=DATES[self.date][0])
        return timezone.make_aware(datetime.combine(today, time.min))

    @property
    def home(self) -> str:
        if self.project:
            return reverse("library:project", args=[self.project.pk])
        return reverse("library:home" if self.shelf == "all" else f"library:{self.shelf}")

    def _encoded(self, values: Mapping[str, str]) -> str:
        return f"?{urlencode(values)}" if values else ""


def project_of(user: Any, project_id: uuid.UUID | str | None) -> Project | None:
    """Return a project of this person's, or None where there is none such."""
    try:
        wanted = uuid.UUID(str(project_id))
    except ValueError:
        return None
    mine: Any = Project.objects.for_user(user)
    return mine.kept().select_related("cover", "parent").filter(pk=wanted).first()


def _known(value: str, choices: Mapping[str, Any]) -> str:
    return value if value in choices else ""
