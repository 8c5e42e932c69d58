"""Icons: fewer elements, the same picture."""

from __future__ import annotations

import io
import re
from pathlib import Path

import resvg_py
from lucide import _render_icon
from PIL import Image, ImageChops, ImageStat

from ourvidz.icons import drawn_icon

ROOT = Path(__file__).resolve().parents[2]
# What the stylesheet (base.css) says of every icon.
STYLE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="18" height="18" fill="none" '
    'stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" '
)
USED = re.compile(r'\{% icon "([a-z0-9-]+)"')


def test_every_icon_looks_as_lucide_draws_it() -> None:
    names = {name for page in ROOT.glob("templates/**/*.html") for name in names_in(page)}
    assert len(names) > 50
    for name in names:
        ours, theirs = (
            drawn_icon(name).replace("<svg ", STYLE, 1),
            str(_render_icon(name, 18, stroke_width=1.75)),
        )
        assert ours.count("<path") <= 1
        assert difference(ours, theirs) < 1, name


def names_in(page: Path) -> list[str]:
    return USED.findall(page.read_text())


def difference(one: str, two: str) -> float:
    """Return how much the pixels differ on average, of 255: a little, where strokes cross."""
    pictures = [pixels(text.replace("currentColor", "black")) for text in (one, two)]
    return max(ImageStat.Stat(ImageChops.difference(*pictures)).mean)


def pixels(text: str) -> Image.Image:
    drawn = resvg_py.svg_to_bytes(svg_string=text, width=96, height=96)
    return Image.open(io.BytesIO(bytes(drawn))).convert("RGBA")
