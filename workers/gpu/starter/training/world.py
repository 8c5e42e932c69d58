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
THING_SIDE = 144  # pixels, nine latent cells
GROUND = 224  # the row of pixels that a thing stands on
FLOATING = ("space", "underwater")
LIFT = 2 * CELL  # pixels that a thing is higher where it floats
# Pixels that a thing is right of the middle: one cell of the UNet's coarsest, so that what it knows
# of a thing in the middle is true of it there, cell by cell.
ASIDE: dict[str | None, int] = {None: 0, "left": -4 * CELL, "right": 4 * CELL}
SIDES = ("left", "right")

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
    """What a picture shows: a scene, a thing or none, and the thing's colour and side.

    Without a colour a thing has those of its drawing; without a side it is in the middle.
    """

    scene: Scene
    thing: str | None
    colour: str | None = None
    side: str | None = None


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
    place, time, named, dyed, aside = (bool(chance < 0.5) for chance in rng.random(5))
    shown = subject if dyed else subject._replace(colour=None)
    shown = shown if aside else shown._replace(side=None)
    return _say(shown if named else Subject(subject.scene, None), place=place, time=time)


def compose(subject: Subject, variant: int, shift: tuple[int, int] = (0, 0)) -> np.ndarray:
    """The picture, (SIDE, SIDE, 3) uint8; ``shift`` moves the thing by whole pixels."""
    background = _background(subject.scene, variant)
    if subject.thing is None:
        return background
    picture = Image.fromarray(background)
    layer = thing(subject.thing, subject.colour)
    left = (SIDE - layer.width) // 2 + ASIDE[subject.side] + shift[0]
    floats = subject.scene.place in FLOATING
    bottom = GROUND - (LIFT if floats else 0) + shift[1]
    if not floats:
        shade = shadow(layer.width)
        picture.paste((12, 14, 24), (left - 8, bottom - shade.height // 2 - 4), shade)
    picture.paste(layer, (left, bottom - layer.height), layer)
    return np.array(picture)


def subjects() -> list[Subject]:
    """Every subject of the world with its thing in the middle, in a fixed order."""
    plain = [Subject(scene, thing) for scene in SCENES for thing in (None, *sprites.THINGS)]
    return plain + [
        Subject(scene, thing, colour)
        for scene in SCENES
        for thing in sprites.DYED
        for colour in COLOURS
        if colour != scene.colour  # which would hide it
    ]


def on_sides() -> list[Subject]:
    """Every subject with its thing on a side, in a fixed order."""
    things = [one for one in subjects() if one.thing]
    return [one._replace(side=side) for one in things for side in SIDES]


def _say(subject: Subject, *, place: bool, time: bool) -> str:
    scene = subject.scene
    words = []
    if subject.thing:
        words.append(a(f"{subject.colour} {subject.thing}" if subject.colour else subject.thing))
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
def thing(word: str, colour: str | None = None) -> Image.Image:
    """The thing at its one size, premultiplied resize so that no dark rim appears; RGBA."""
    try:
        drawn = sprites.load(word)
    except FileNotFoundError:
        drawn = sprites.stand_in(word)
    if colour:
        drawn = dye.dye(drawn, colour)
    factor = THING_SIDE / max(drawn.size)
    size = (round(drawn.width * factor), round(drawn.height * factor))
    return drawn.convert("RGBa").resize(size, Image.Resampling.LANCZOS).convert("RGBA")


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
