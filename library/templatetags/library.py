"""Template tags of the library's pages: counts as they are read. Not for what every page uses: see
ourvidz.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from django import template
from django.contrib.humanize.templatetags.humanize import intcomma

register = template.Library()


@register.filter
def bounded(count: int | None, limit: int) -> str:
    """Write a count that stopped at a limit: 1,284, or 9,999+."""
    if count is None:
        return ""
    return f"{intcomma(limit)}+" if count > limit else intcomma(count)


@register.simple_tag
def query_of(values: Mapping[str, str]) -> str:
    """Write a saved search as the query of a list's address."""
    return f"?{urlencode(values)}"


@register.simple_tag
def tag_query(name: str) -> str:
    """Write the query that finds a tag."""
    return query_of({"q": f'tag:"{name}"' if " " in name else f"tag:{name}"})
