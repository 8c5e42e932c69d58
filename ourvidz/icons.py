"""Lucide icons as pages write them: all strokes of one in as few elements as can be, since a page
has hundreds. Not for which icon stands where.
"""

from __future__ import annotations

import re
from functools import cache

from lucide import _render_icon

ROOT = '<svg class="lucide" viewBox="0 0 24 24" aria-hidden="true">'
OPENING = re.compile(r"<svg[^>]*>")
PATH = re.compile(r' ?<path d="([^"]+)" ?/>')
# A stroke that begins where the pen is (m) begins at the origin, so long as it stands alone.
START = re.compile(r"m\s*(?P<x>-?\d*\.?\d+)[\s,]*(?P<y>-?\d*\.?\d+)\s*(?P<rest>.*)")


@cache
def drawn_icon(name: str) -> str:
    """Return an icon as SVG. It is decoration: the name belongs to what it stands in.

    How large it is and how it is stroked says the stylesheet (base.css), once for all of them.
    """
    drawn = " ".join(_render_icon(name, 18).split()).replace("> <", "><")
    text = OPENING.sub(ROOT, drawn, count=1)
    strokes = "".join(_from_the_origin(one) for one in PATH.findall(text))
    whole = f'<path d="{strokes}"/></svg>' if strokes else "</svg>"
    return PATH.sub("", text).replace("</svg>", whole)


def _from_the_origin(stroke: str) -> str:
    found = START.match(stroke)
    if found is None:
        return stroke
    lines = "l" if found["rest"][:1] in "-.0123456789" and found["rest"] else ""
    return f"M{found['x']} {found['y']}{lines}{found['rest']}"
