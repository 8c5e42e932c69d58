"""Template tags of the library's pages: counts as they are read. Not for what every page uses: see
ourvidz.
"""

from __future__ import annotations

from django import template
from django.contrib.humanize.templatetags.humanize import intcomma

register = template.Library()


@register.filter
def bounded(count: int | None, limit: int) -> str:
    """Write a count that stopped at a limit: 1,284, or 9,999+."""
    if count is None:
        return ""
    return f"{intcomma(limit)}+" if count > limit else intcomma(count)
