"""What a person types into the library's search: words, "phrases", -exclusions and terms such as
`seed:`, `model:`, `tag:`, `project:`, `is:`. Not for the filters beside the field: see listing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q
from django.db.models.expressions import RawSQL
from django.utils import timezone

from library import words
from library.choices import models_of
from library.models import Media, MediaQuerySet, MediaTag, Project

LIMIT = 200  # characters that are looked at
TERM = re.compile(r'(?P<minus>-?)(?:(?P<name>[a-z]+):)?(?:"(?P<phrase>[^"]*)"?|(?P<word>\S+))')
DAY = re.compile(r"(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?$")
SIDES = re.compile(r"(\d{1,5})[x×](\d{1,5})$")
LARGEST_SEED = 2**63 - 1
# Up to how many pixels a picture is small, or medium; what is larger is large.
SMALL, MEDIUM = 512 * 512, 1024 * 1024


@dataclass(frozen=True)
class Search:
    """What the text asks for. Everything must hold at once."""

    user: Any
    words: list[str] = field(default_factory=list)
    phrases: list[str] = field(default_factory=list)
    without: list[str] = field(default_factory=list)
    terms: list[Any] = field(default_factory=list)

    @property
    def said(self) -> RawSQL | None:
        """The condition that the index of words answers (words.read), if there is one."""
        if not (self.words or self.phrases or self.without):
            return None
        return words.says(self.user, self.words, self.phrases, self.without)

    def apply(self, media: MediaQuerySet) -> MediaQuerySet:
        """Return the media that the text asks for."""
        media = media.alias(pixels=F("width") * F("height"))
        for term in self.terms:
            media = media.filter(term)
        said = self.said
        return media if said is None else media.filter(said)


def read(user: Any, text: str) -> Search:
    """Read the text of the field. What is no term is a word, so nothing is ever refused."""
    found = Search(user)
    for part in TERM.finditer(text.replace("\x00", " ")[:LIMIT]):
        value = part["phrase"] if part["phrase"] is not None else part["word"]
        term = TERMS[part["name"]](user, value) if part["name"] in TERMS and value else None
        if term is not None:
            found.terms.append(~term if part["minus"] else term)
        elif word := f"{part['name']}:{value}" if part["name"] else value.strip():
            _add_word(found, word, bool(part["minus"]), part["phrase"] is not None)
    return found


def of_size(name: str) -> Q:
    """Return the condition of a size: small, medium or large, by the number of pixels."""
    if name == "small":
        return Q(pixels__lte=SMALL)
    if name == "medium":
        return Q(pixels__gt=SMALL, pixels__lte=MEDIUM)
    return Q(pixels__gt=MEDIUM)


def _add_word(found: Search, word: str, excluded: bool, is_phrase: bool) -> None:
    if not words.is_indexed(word):
        condition = words.anywhere(word)
        found.terms.append(~condition if excluded else condition)
    elif excluded:
        found.without.append(word)
    else:
        (found.phrases if is_phrase else found.words).append(word)


def _seed(user: Any, value: str) -> Any:
    return Q(seed=int(value)) if value.isdecimal() and int(value) <= LARGEST_SEED else None


def _model(user: Any, value: str) -> Any:
    wanted = value.casefold().replace(" ", "-")
    return Q(model_type__in=[name for name in models_of(user) if wanted in name.casefold()])


def tagged(user: Any, value: str) -> Any:
    """Return the condition of having a tag, however that is written."""
    mine: Any = MediaTag.objects.for_user(user)
    return Exists(mine.filter(media=OuterRef("pk"), tag__name__iexact=value))


def _project(user: Any, value: str) -> Any:
    mine: Any = Project.objects.for_user(user)
    named = mine.kept().filter(name__icontains=value).values_list("pk", flat=True)
    inside = mine.kept().filter(parent__in=named).values_list("pk", flat=True)
    return Q(project__in={*named, *inside})


def _is(user: Any, value: str) -> Any:
    return IS.get(value.casefold())


def _has(user: Any, value: str) -> Any:
    value = value.casefold()
    if value == "tag":
        mine: Any = MediaTag.objects.for_user(user)
        return Exists(mine.filter(media=OuterRef("pk")))
    return HAS.get(value)


def _size(user: Any, value: str) -> Any:
    if sides := SIDES.match(value):
        return Q(width=int(sides[1]), height=int(sides[2]))
    return of_size(value) if value in ("small", "medium", "large") else None


def _after(user: Any, value: str) -> Any:
    span = _span(value)
    return Q(created_at__gte=span[0]) if span else None


def _before(user: Any, value: str) -> Any:
    span = _span(value)
    return Q(created_at__lt=span[0]) if span else None


def _on(user: Any, value: str) -> Any:
    span = _span(value)
    return Q(created_at__gte=span[0], created_at__lt=span[1]) if span else None


def _span(text: str) -> tuple[datetime, datetime] | None:
    """Return the first moment of a year, month or day where the person is, and the one after it."""
    if text.casefold() in ("today", "yesterday"):
        day = timezone.localdate() - timedelta(days=text.casefold() == "yesterday")
        return _midnight(day), _midnight(day + timedelta(days=1))
    found = DAY.match(text)
    parts = [int(part) for part in found.groups() if part] if found else []
    try:
        first = date(*[*parts, 1, 1][:3]) if parts else None
        return (_midnight(first), _midnight(_behind(first, len(parts)))) if first else None
    except (ValueError, OverflowError):
        return None


def _behind(first: date, parts: int) -> date:
    """Return the day behind a year (1 part), a month (2) or a day (3) that begins so."""
    if parts == 1:
        return first.replace(year=first.year + 1)
    if parts == 2:
        return (first + timedelta(days=31)).replace(day=1)
    return first + timedelta(days=1)


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


IS = {
    "starred": Q(starred_at__isnull=False),
    "video": Q(content_type=Media.Kind.VIDEO),
    "image": Q(content_type=Media.Kind.IMAGE),
}
HAS = {
    "reference": Q(has_reference=True),
    "project": Q(project__isnull=False, project__deleted_at=None),
}
TERMS: dict[str, Callable[[Any, str], Any]] = {
    "seed": _seed,
    "model": _model,
    "preset": _model,
    "tag": tagged,
    "project": _project,
    "is": _is,
    "kind": _is,
    "has": _has,
    "size": _size,
    "after": _after,
    "before": _before,
    "on": _on,
}
