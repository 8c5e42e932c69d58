"""Template tags of every page: icons, addresses of assets, sizes and seeds as they are read. Not
for anything that needs the database.
"""

from __future__ import annotations

from django import template
from django.utils.formats import number_format
from django.utils.html import json_script
from django.utils.safestring import SafeString, mark_safe

from ourvidz.bundle import asset as find_asset
from ourvidz.icons import drawn_icon
from ourvidz.words_for_scripts import WORDS

register = template.Library()


@register.simple_tag
def icon(name: str) -> SafeString:
    """Write a Lucide icon. It is decoration: the name belongs to what it stands in."""
    return mark_safe(drawn_icon(str(name)))


@register.simple_tag
def asset(name: str) -> str:
    """Write the address of a bundled file."""
    return find_asset(name).url


@register.simple_tag
def script_words() -> SafeString:
    """Write the words that scripts use."""
    return json_script({name: str(text) for name, text in WORDS.items()}, "words")


@register.filter
def size(width: int | None, height: int | None) -> str:
    """Write 256 × 256."""
    return f"{width} × {height}" if width and height else ""


@register.filter
def seconds(value: float | None) -> str:
    """Write a span of seconds without false precision: 3.8, 12, 240."""
    if value is None:
        return ""
    return number_format(value, decimal_pos=1 if value < 10 else 0)


@register.filter
def grouped(value: float) -> str:
    """Write 3,600 as the reader's language does, without a fraction."""
    return number_format(round(value), force_grouping=True)
