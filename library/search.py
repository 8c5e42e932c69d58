"""What a person types into the library's search: words, "phrases", -exclusions and the terms
`seed:`, `model:`, `is:`. Not for the filters beside the field: see listing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from django.db.models import Q

from library.models import Media, MediaQuerySet

LIMIT = 200  # characters that are looked at
TERM = re.compile(r'(?P<minus>-?)(?:(?P<name>[a-z]+):)?(?:"(?P<phrase>[^"]*)"?|(?P<word>\S+))')
LARGEST_SEED = 2**63 - 1


@dataclass(frozen=True)
class Search:
    """What the text asks for. Everything must hold at once."""

    words: list[str] = field(default_factory=list)
    without: list[str] = field(default_factory=list)
    terms: list[Q] = field(default_factory=list)

    def apply(self, media: MediaQuerySet) -> MediaQuerySet:
        """Return the media that the text asks for."""
        for term in self.terms:
            media = media.filter(term)
        for word in self.words:
            media = media.filter(_says(word))
        for word in self.without:
            media = media.exclude(_says(word))
        return media


def read(text: str) -> Search:
    """Read the text of the field. What is no term is a word, so nothing is ever refused."""
    found = Search()
    for part in TERM.finditer(text.replace("\x00", " ")[:LIMIT]):
        value = part["phrase"] if part["phrase"] is not None else part["word"]
        term = _term(part["name"], value)
        if term is not None:
            found.terms.append(~term if part["minus"] else term)
        elif word := f"{part['name']}:{value}" if part["name"] else value.strip():
            (found.without if part["minus"] else found.words).append(word)
    return found


def _says(word: str) -> Q:
    return Q(prompt__icontains=word) | Q(title__icontains=word)


def _term(name: str | None, value: str) -> Q | None:
    """Return the condition of one term, or None where the text is no term that we know."""
    if name == "seed" and value.isdecimal() and int(value) <= LARGEST_SEED:
        return Q(seed=int(value))
    if name == "model" and value:
        return Q(model_type__icontains=value)
    if name == "is":
        return IS.get(value.lower())
    return None


IS = {
    "starred": Q(starred_at__isnull=False),
    "video": Q(content_type=Media.Kind.VIDEO),
    "image": Q(content_type=Media.Kind.IMAGE),
}
