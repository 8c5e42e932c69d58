"""The world in motion: clips of 17 frames of a scene and a thing, with captions.

Everything follows from numbers, as in ``world``. A clip begins as that world's picture at half its
size, so that what the image model draws can be animated. Things, snow and sun move by whole latent
cells from one latent frame to the next: a model this small learns what falls into the same cells.
"""

import functools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from PIL import Image

from .. import world
from ..places import GROUNDS, LIGHT, SKIES, Scene, Sheet, chance, cloud, draw
from ..recipe import SEED
from ..recipe import SIDE as DRAWN_SIDE

SIDE, FRAMES = 128, 17
HALF = DRAWN_SIDE // SIDE
VARIANTS = 2
PACE = 2  # pixels a frame, one latent cell a latent frame
FLAKES = 20
LIFT = 24  # of things in space, in pixels of the image world; there it is a little more

PLACES = ("meadow", "beach", "desert", "snow", "space")
LAND = ("meadow", "beach", "desert", "snow")
TIMES = ("day", "sunset", "night")
# fmt: off
THINGS = (
    "castle", "apple", "balloon", "car", "robot", "fox",
    "rocket", "boat", "fish", "butterfly", "cat", "owl",
)
# fmt: on
# How far a thing is from its spot, in paces, at the first frame and at the last; across and down.
WAYS: dict[str, tuple[tuple[int, int], tuple[int, int]]] = {
    "left": ((0, 0), (-16, 0)),
    "right": ((0, 0), (16, 0)),
    "rises": ((0, 0), (0, -16)),
    "falls": ((0, -16), (0, 0)),
}
MOTIONS = (*WAYS, "sets", "snowing")

PHRASES = {
    "left": "drifts to the left",
    "right": "drifts to the right",
    "rises": "rises",
    "falls": "falls",
    "sets": "the sun sets",
    "snowing": "it is snowing",
}


class Clip(NamedTuple):
    """What a clip shows: a scene, a thing in its middle or none, and what moves."""

    scene: Scene
    thing: str | None
    motion: str


def clips() -> list[Clip]:
    """Every clip of this world, in a fixed order."""
    return [
        Clip(scene, thing, motion)
        for motion in MOTIONS
        for scene in _scenes(motion)
        for thing in (*THINGS, *((None,) if motion not in WAYS else ()))
    ]


def split() -> tuple[list[Clip], list[Clip]]:
    """Training clips and held-out ones.

    Every thing is kept from one motion and from one place altogether.
    """
    everything = clips()
    held = [clip for clip in everything if kept_from(clip)]
    return [clip for clip in everything if not kept_from(clip)], held


def kept_from(clip: Clip) -> tuple[str, ...]:
    """Which of "motion" and "place" this clip's thing is never trained with."""
    if clip.thing is None:
        return ()
    motion, place = _kept()[clip.thing]
    pairs = (("motion", clip.motion == motion), ("place", clip.scene.place == place))
    return tuple(name for name, never in pairs if never)


def training_set() -> Iterator[tuple[Clip, int]]:
    """Every training clip in each of its variants."""
    for clip in split()[0]:
        for variant in range(VARIANTS):
            yield clip, variant


def caption(clip: Clip) -> str:
    """The full caption: every word that the clip answers to."""
    return _say(clip, place=True, time=True, motion=True)


def captions(clip: Clip) -> list[str]:
    """The full caption, and those that leave out what goes without saying or is left to chance."""
    day = clip.scene.time == world.DEFAULT_TIME
    meadow = clip.scene.place == world.DEFAULT_PLACE and clip.thing is not None
    said = [caption(clip)] * 3
    said += [_say(clip, place=True, time=False, motion=True)] if day else []
    said += [_say(clip, place=False, time=not day, motion=True)] if meadow else []
    return said


def film(clip: Clip, variant: int) -> np.ndarray:
    """The clip's frames, (FRAMES, SIDE, SIDE, 3) uint8."""
    behind = _behind(clip.scene, variant, clip.motion == "sets")
    made = np.empty((FRAMES, SIDE, SIDE, 3), np.uint8)
    for number in range(FRAMES):
        frame = behind[number % len(behind)].astype(np.float32)
        if clip.thing:
            _put_thing(frame, clip, number)
        if clip.motion == "snowing":
            _put_snow(frame, number)
        made[number] = frame.round()
    return made


def _scenes(motion: str) -> list[Scene]:
    if motion == "sets":
        return [Scene(place, "day") for place in LAND]
    timed = [Scene(place, time) for place in LAND for time in TIMES]
    return timed if motion == "snowing" else [*timed, Scene("space")]


@functools.cache
def _kept() -> dict[str, tuple[str, str]]:
    """For each thing the motion and the place that it is kept from; all of them take turns."""
    rng = np.random.default_rng(SEED + 1)
    motions, places = rng.permutation(MOTIONS), rng.permutation(PLACES)
    return {
        thing: (str(motions[i % len(motions)]), str(places[i % len(places)]))
        for i, thing in enumerate(THINGS)
    }


def _say(clip: Clip, *, place: bool, time: bool, motion: bool) -> str:
    scene = clip.scene
    words = [world.a(clip.thing)] if clip.thing else []
    if clip.thing and motion and clip.motion in WAYS:
        words.append(PHRASES[clip.motion])
    if place:
        words.append(world.PHRASES[scene.place] if clip.thing else scene.place)
    if time and scene.time and clip.motion != "sets":
        words.append(world.PHRASES[scene.time])
    said = " ".join(words)
    return said if clip.motion in WAYS or not motion else f"{said}, {PHRASES[clip.motion]}"


@functools.cache
def _behind(scene: Scene, variant: int, setting: bool) -> np.ndarray:
    """The scene without a thing: one frame, or all of them where the sun sets."""
    if not setting:
        return _smaller(draw(scene, variant))[None]
    shares = np.linspace(0.0, 1.0, FRAMES)
    return np.stack([_smaller(_evening(scene.place, variant, share)) for share in shares])


def _smaller(picture: np.ndarray) -> np.ndarray:
    return np.array(Image.fromarray(picture).reduce(HALF))


def _evening(place: str, variant: int, share: float) -> np.ndarray:
    """A place by day (share 0), at sunset (1), or between; the sun goes behind the ground."""
    sky = [_mix(a, b, share) for a, b in zip(SKIES["day"], SKIES["sunset"], strict=True)]
    sheet = Sheet(sky, _mix(LIGHT["day"], LIGHT["sunset"], share))
    side, middle = -1 if variant % 2 else 1, DRAWN_SIDE / 2
    down = 2 * HALF * PACE * share * (FRAMES - 1)
    colour = _mix((255, 221, 82), (255, 190, 90), share)
    sheet.disc(middle + side * 88, 40 + down, 21 + 6 * share, colour)
    white = _mix((255, 255, 255), (250, 168, 160), share)
    cloud(sheet, middle - side * 80, 44, white)
    cloud(sheet, middle - side * 16, 28, white)
    GROUNDS[place](sheet, "day", variant, chance(place, variant))
    return sheet.done()


def _mix(
    first: tuple[float, float, float], second: tuple[float, float, float], share: float
) -> tuple[float, float, float]:
    red, green, blue = (a + (b - a) * share for a, b in zip(first, second, strict=True))
    return red, green, blue


def _put_thing(frame: np.ndarray, clip: Clip, number: int) -> None:
    layer = thing(clip.thing or "")
    floats = clip.scene.place in world.FLOATING
    across, down = _offset(clip.motion, number)
    bottom = (world.GROUND - (LIFT if floats else 0)) // HALF
    left = (SIDE - layer.shape[1]) // 2 + across
    if not floats:
        shadow = _shadow(layer.shape[1])
        # The higher the thing, the fainter its shadow; it stays on the ground.
        shade = shadow * (1 + down / (20 * PACE))
        top = bottom - shadow.shape[0] // 2 - 2
        _blend(frame, np.array((12.0, 14.0, 24.0)), shade, left - 4, top)
    _blend(frame, layer[..., :3], layer[..., 3:] / 255, left, bottom - layer.shape[0] + down)


def _offset(motion: str, number: int) -> tuple[int, int]:
    """How far from its spot the thing is at a frame, in pixels across and down."""
    if motion not in WAYS:
        return 0, 0
    first, last = WAYS[motion]
    share = number / (FRAMES - 1)
    across, down = (round(PACE * (a + (b - a) * share)) for a, b in zip(first, last, strict=True))
    return across, down


def _put_snow(frame: np.ndarray, number: int) -> None:
    """Snow that falls; always the same flakes, for chance is what a small model cannot learn."""
    flake = _flake()
    side = flake.shape[0]
    for x, y in np.random.default_rng(SEED).random((FLAKES, 2)):
        top = (round(y * SIDE) + PACE * number) % SIDE - side // 2
        _blend(frame, np.array((255.0, 255.0, 255.0)), flake, round(x * SIDE) - side // 2, top)


def _blend(frame: np.ndarray, colour: np.ndarray, alpha: np.ndarray, left: int, top: int) -> None:
    """Lay a colour over part of the frame; ``alpha`` is (h, w, 1) in 0..1 and may stick out."""
    high, wide = alpha.shape[:2]
    rows = slice(max(0, top), min(SIDE, top + high))
    columns = slice(max(0, left), min(SIDE, left + wide))
    inside = (
        slice(rows.start - top, rows.stop - top),
        slice(columns.start - left, columns.stop - left),
    )
    part = colour[inside] if colour.ndim == 3 else colour
    frame[rows, columns] += (part - frame[rows, columns]) * alpha[inside]


@functools.cache
def thing(word: str) -> np.ndarray:
    """The thing at half the image world's size, (h, w, 4) float in 0..255."""
    big = world.thing(word).convert("RGBa").reduce(HALF).convert("RGBA")
    return np.array(big, dtype=np.float32)


@functools.cache
def _shadow(width: int) -> np.ndarray:
    return np.array(world.shadow(width * HALF).reduce(HALF), dtype=np.float32)[..., None] / 255


@functools.cache
def _flake() -> np.ndarray:
    """A soft dot five pixels wide, (7, 7, 1) in 0..1."""
    line = np.arange(7) - 3
    distance = np.sqrt(line[:, None] ** 2 + line[None] ** 2)
    return np.clip(3.0 - distance, 0, 1)[..., None].astype(np.float32)
