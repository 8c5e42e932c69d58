"""Parts of a page that are drawn once and kept in this process's memory: a row of finished pictures
looks the same at every visit, and drawing forty of them is most of a page's time. Not for anything
that says who is asking: a part is found again by the facts that it shows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.cache import caches
from django.template.loader import get_template
from django.utils import timezone, translation
from django.utils.safestring import SafeString, mark_safe


@dataclass(frozen=True)
class Part:
    """What a template is given, and `facts`: everything that its text depends on.

    Without facts the part is drawn each time, as for what is still being made.
    """

    context: dict[str, Any]
    facts: tuple[Any, ...] | None = None


def drawn(template: str, parts: Iterable[Part]) -> list[SafeString]:
    """Return the text of each part, in order; those that are new are kept."""
    keyed = [(_key(template, part.facts), part) for part in parts]
    kept = caches["drawn"].get_many([key for key, _part in keyed if key])
    drawing = get_template(template)
    texts = [kept.get(key) or drawing.render(part.context) for key, part in keyed]
    new = {key: text for (key, _part), text in zip(keyed, texts, strict=True) if key}
    caches["drawn"].set_many({key: text for key, text in new.items() if key not in kept})
    return [mark_safe(text) for text in texts]


def _key(template: str, facts: tuple[Any, ...] | None) -> str:
    if facts is None:
        return ""
    reader = (translation.get_language(), timezone.get_current_timezone_name())
    return hashlib.sha256(repr((template, reader, facts)).encode()).hexdigest()
