"""The world that the starter model learns: pictures composed of a scene and a thing, with captions.

Everything here follows from numbers: a subject and a variant are one picture for ever. What is held
out, and how lessons are drawn from the rest, is in ``lessons``.
"""

import functools
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from . import dye, sprites
from .places import COLOURS, PLACES, SCENES, TIMES, Scene, draw
from .recipe import CELL, SIDE

VARIANTS = 2  # drawings of a scene that the model is trained on; higher numbers are fresh
GROUND = 224  # the row of pixels that a thing stands on
FLOATING = ("space", "underwater")
# By size, in pixels: how long a thing's longer side is, and how much higher it is where it floats.
EXTENT: dict[str | None, int] = {None: 9 * CELL, "small": 6 * CELL, "big": 12 * CELL}
LIFT: dict[str | None, int] = {None: 2 * CELL, "small": 3 * CELL, "big": 0}
# Pixels that a thing is right of the middle: one cell of the UNet's coarsest, so that what it knows
# of a thing in the middle is true of it there, cell by cell.
ASIDE: dict[str | None, int] = {None: 0, "left": -4 * CELL, "right": 4 * CELL}
SIDES, SIZES = ("left", "right"), ("small", "big")

DEFAULT_PLACE, DEFAULT_TIME, DEFAULT_COLOUR = "meadow", "day", "white"

PHRASES = {
    "meadow": "in a meadow",
    "beach": "on the beach",
    "desert": "in the desert",
    "snow": "in the snow",
    "city": "in the city",
    "forest": "in the forest",
    "space": "in space",
    "underwater": "underwater",
    "mountains": "in the mountains",
    "day": "by day",
    "sunset": "at sunset",
    "night": "at night",
    "left": "on the left",
    "right": "on the right",
}


class Subject(NamedTuple):
    """What a picture shows: a scene, a thing or none, and the thing's colour, side and size.

    Without a colour a thing has those of its drawing; without a side it is in the middle; without
    a size it is as large as most.
    """

    scene: Scene
    thing: str | None
    colour: str | None = None
    side: str | None = None
    size: str | None = None


def caption(subject: Subject) -> str:
    """The full caption: every word that the picture answers to."""
    return _say(subject, place=True, time=True)


def captions(subject: Subject) -> list[str]:
    """The full caption, and those that leave out what goes without saying (a meadow, daylight)."""
    scene = subject.scene
    whole = [caption(subject)]
    if scene.time == DEFAULT_TIME or scene.colour == DEFAULT_COLOUR:
        whole.append(_say(subject, place=True, time=False))
    if scene.place == DEFAULT_PLACE and subject.thing:
        whole.append(_say(subject, place=False, time=True))
    if scene.place == DEFAULT_PLACE and scene.time == DEFAULT_TIME and subject.thing:
        whole.append(_say(subject, place=False, time=False))
    return whole


def part(subject: Subject, rng: np.random.Generator) -> str:
    """A caption that leaves out some of what the picture shows, by chance; it may be empty."""
    place, time, named, dyed, aside, sized = (bool(chance < 0.5) for chance in rng.random(6))
    shown = subject if dyed else subject._replace(colour=None)
    shown = shown if aside else shown._replace(side=None)
    shown = shown if sized else shown._replace(size=None)
    return _say(shown if named else Subject(subject.scene, None), place=place, time=time)


def compose(subject: Subject, variant: int, shift: tuple[int, int] = (0, 0)) -> np.ndarray:
    """The picture, (SIDE, SIDE, 3) uint8; ``shift`` moves the thing by whole pixels."""
    background = _background(subject.scene, variant)
    if subject.thing is None:
        return background
    picture = Image.fromarray(background)
    layer = thing(subject.thing, subject.colour, subject.size)
    left = (SIDE - layer.width) // 2 + ASIDE[subject.side] + shift[0]
    floats = subject.scene.place in FLOATING
    bottom = GROUND - (LIFT[subject.size] if floats else 0) + shift[1]
    if not floats:
        shade = shadow(layer.width)
        picture.paste((12, 14, 24), (left - 8, bottom - shade.height // 2 - 4), shade)
    picture.paste(layer, (left, bottom - layer.height), layer)
    return np.array(picture)


def subjects() -> list[Subject]:
    """Every subject of the world with its thing as most are, in a fixed order."""
    plain = [Subject(scene, thing) for scene in SCENES for thing in (None, *sprites.THINGS)]
    return plain + [
        Subject(scene, thing, colour)
        for scene in SCENES
        for thing in sprites.DYED
        for colour in COLOURS
        if colour != scene.colour  # which would hide it
    ]


def laid_out() -> list[Subject]:
    """Every other subject, in a fixed order: on a side, of another size, or both."""
    layouts = [(side, size) for side in (None, *SIDES) for size in (None, *SIZES)][1:]
    things = [one for one in subjects() if one.thing]
    return [one._replace(side=side, size=size) for one in things for side, size in layouts]


def _say(subject: Subject, *, place: bool, time: bool) -> str:
    scene = subject.scene
    words = []
    if subject.thing:
        words.append(a(" ".join(filter(None, (subject.size, subject.colour, subject.thing)))))
    if subject.side:
        words.append(PHRASES[subject.side])
    if place and scene.place == "plain":
        words.append(f"on a plain {scene.colour} background" if time else "on a plain background")
    elif place:
        words.append(PHRASES[scene.place] if subject.thing else scene.place)
    if time and scene.time:
        words.append(PHRASES[scene.time])
    return " ".join(words)


def a(noun: str) -> str:
    """The noun with its article."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


@functools.cache
def _background(scene: Scene, variant: int) -> np.ndarray:
    return draw(scene, variant)


@functools.cache
def thing(word: str, colour: str | None = None, size: str | None = None) -> Image.Image:
    """The thing at its size, premultiplied resize so that no dark rim appears; RGBA."""
    try:
        drawn = sprites.load(word)
    except FileNotFoundError:
        drawn = sprites.stand_in(word)
    if colour:
        drawn = dye.dye(drawn, colour)
    factor = EXTENT[size] / max(drawn.size)
    wide, high = (round(side * factor) for side in drawn.size)
    return drawn.convert("RGBa").resize((wide, high), Image.Resampling.LANCZOS).convert("RGBA")


@functools.cache
def shadow(width: int) -> Image.Image:
    """A soft ellipse under a thing of this width; L."""
    mask = Image.new("L", (width + 16, 24), 0)
    ImageDraw.Draw(mask).ellipse((8, 6, width + 8, 18), fill=120)
    return mask.filter(ImageFilter.GaussianBlur(3))


__all__ = [
    "PLACES",
    "TIMES",
    "Subject",
    "a",
    "caption",
    "captions",
    "compose",
    "shadow",
    "subjects",
    "thing",
]
