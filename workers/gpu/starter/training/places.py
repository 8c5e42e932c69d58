"""Draws the empty scenes: ten places by day, at sunset and by night; no things, no captions.

Every scene comes in numbered variants (side of the sun, clouds, hills). The number is all the
chance there is: the same scene and number are the same picture for ever. Shapes keep to the latent
grid where they can (sun, horizon): a model this small learns what falls into the same cells.
"""

import math
import zlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from .recipe import SIDE

Colour = tuple[float, float, float]
Points = Sequence[tuple[float, float]]

TIMES = ("day", "sunset", "night")
TIMED = ("meadow", "beach", "desert", "snow", "city", "forest", "underwater", "mountains")
PLACES = (*TIMED, "space", "plain")
COLOURS = ("white", "blue", "yellow", "pink", "red", "green", "purple")

FRESH = 1_000  # variants from here on are never painted from, only judged

SKIES: dict[str, tuple[Colour, ...]] = {
    "day": ((58, 146, 240), (130, 195, 250), (214, 238, 253)),
    "sunset": ((92, 58, 140), (226, 98, 116), (255, 190, 104)),
    "night": ((8, 10, 38), (20, 26, 72), (44, 54, 112)),
}
WATERS: dict[str, tuple[Colour, ...]] = {
    "day": ((64, 196, 238), (26, 128, 206), (12, 74, 150)),
    "sunset": ((240, 134, 128), (142, 82, 150), (58, 44, 112)),
    "night": ((16, 42, 92), (10, 26, 66), (5, 12, 40)),
}
LIGHT: dict[str, Colour] = {
    "day": (1.0, 1.0, 1.0),
    "sunset": (0.86, 0.60, 0.62),
    "night": (0.27, 0.32, 0.55),
}
BACKDROPS: dict[str, Colour] = {
    "white": (240, 240, 240),
    "blue": (74, 132, 232),
    "yellow": (250, 206, 72),
    "pink": (248, 150, 190),
    "red": (226, 66, 62),
    "green": (88, 182, 96),
    "purple": (136, 84, 190),
}


class Scene(NamedTuple):
    """A place with the time (or, for a plain backdrop, the colour) that it is seen in."""

    place: str
    time: str | None = None
    colour: str | None = None


SCENES: tuple[Scene, ...] = (
    *(Scene(place, time) for place in TIMED for time in TIMES),
    Scene("space"),
    *(Scene("plain", colour=colour) for colour in COLOURS),
)
FIRST_SCENES = SCENES[:-3]


class Sheet:
    """Paper three times the picture's size, drawn on in the picture's own pixels."""

    scale = 3

    def __init__(self, sky: Sequence[Colour], light: Colour = (1.0, 1.0, 1.0)) -> None:
        self.light = light
        self.image = Image.fromarray(_gradient(sky, SIDE * self.scale))
        self.draw = ImageDraw.Draw(self.image)

    def shape(self, points: Points, colour: Colour) -> None:
        """A filled polygon, lit by the time of day."""
        lit = [part * light for part, light in zip(colour, self.light, strict=True)]
        self.draw.polygon([(x * self.scale, y * self.scale) for x, y in points], fill=_rgb(lit))

    def disc(self, x: float, y: float, radius: float, colour: Colour, *, lit: bool = False) -> None:
        """A filled circle; a light of its own unless ``lit``."""
        factor = self.light if lit else (1.0, 1.0, 1.0)
        box = [(x - radius, y - radius), (x + radius, y + radius)]
        fill = _rgb([part * light for part, light in zip(colour, factor, strict=True)])
        self.draw.ellipse([(a * self.scale, b * self.scale) for a, b in box], fill=fill)

    def box(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        """A filled rectangle, lit by the time of day."""
        self.shape([(left, top), (right, top), (right, bottom), (left, bottom)], colour)

    def hill(self, top: float, height: float, waves: float, phase: float, colour: Colour) -> None:
        """Ground up to a wavy horizon around ``top``."""
        line = [
            (x, top + height * math.sin(phase + waves * math.tau * x / SIDE))
            for x in range(0, SIDE + 1, 4)
        ]
        self.shape([(0, SIDE), *line, (SIDE, SIDE)], colour)

    def done(self) -> np.ndarray:
        """The picture, (SIDE, SIDE, 3) uint8."""
        return np.array(self.image.reduce(self.scale))


def draw(scene: Scene, variant: int) -> np.ndarray:
    """The empty scene, (SIDE, SIDE, 3) uint8; each variant another drawing of it."""
    rng = chance(scene.place, variant)
    if scene.place == "plain":
        return _plain(scene.colour or COLOURS[0], variant)
    if scene.place == "space":
        return _space(variant, rng)
    if scene.time is None:
        raise ValueError(f"{scene.place} needs a time of day")
    if scene.place == "underwater":
        return _underwater(scene.time, variant, rng)
    sheet = Sheet(SKIES[scene.time], LIGHT[scene.time])
    _sky(sheet, scene.time, variant)
    GROUNDS[scene.place](sheet, scene.time, variant, rng)
    return sheet.done()


def chance(place: str, variant: int) -> np.random.Generator:
    """All the chance there is in a variant of a place, whatever the time."""
    return np.random.default_rng([zlib.crc32(place.encode()), variant])


def _sky(sheet: Sheet, time: str, variant: int) -> None:
    """The sun on the variant's side, clouds on the other; the moon always on the right.

    With a side to choose the model drew two moons: in the dark half a moon too many costs little.
    Whoever judges others' nights must know it on both.
    """
    side = -1 if variant % 2 else 1
    middle = SIDE / 2
    dots = np.random.default_rng([7, variant])
    if time == "night":
        _stars(sheet, dots, 22, 130)
        sheet.disc(middle + (side if variant >= FRESH else 1) * 88, 40, 19, (246, 242, 214))
        return
    if time == "day":
        sheet.disc(middle + side * 88, 40, 21, (255, 221, 82))
    else:
        sheet.disc(middle + side * 88, 104, 27, (255, 226, 140))
    white = (255, 255, 255) if time == "day" else (250, 168, 160)
    low = 16 * (variant // 2 % 2)
    cloud(sheet, middle - side * 80, 44 + low, white)
    cloud(sheet, middle - side * (0 if low else 16), 28, white)


def cloud(sheet: Sheet, x: float, y: float, colour: Colour) -> None:
    """A cloud around this point, in a light of its own."""
    for across, up, radius in ((-18, 2, 8), (-7, -3, 11), (7, -2, 12), (19, 2, 8)):
        sheet.disc(x + across, y + up, radius, colour)


def _stars(sheet: Sheet, rng: np.random.Generator, count: int, bottom: int) -> None:
    for x, y, size in rng.random((count, 3)):
        sheet.disc(8 + x * (SIDE - 16), 6 + y * bottom, 1.0 + size, (250, 248, 230))


def _meadow(sheet: Sheet, time: str, variant: int, rng: np.random.Generator) -> None:
    phase = variant * 1.6
    sheet.hill(150, 12, 0.8, phase, (110, 196, 84))
    sheet.hill(176, 8, 1.0, phase + 2, (82, 172, 66))
    petals = ((255, 120, 150), (255, 240, 140), (255, 255, 255))
    for index, (x, y) in enumerate(rng.random((16, 2))):
        sheet.disc(x * SIDE, 196 + y * 54, 2.6, petals[index % 3], lit=True)


def _beach(sheet: Sheet, time: str, variant: int, rng: np.random.Generator) -> None:
    sheet.box(0, 128, SIDE, SIDE, (36, 132, 206))
    sheet.box(0, 150, SIDE, SIDE, (54, 164, 220))
    phase = variant * 1.6
    sheet.hill(178, 7, 1.0, phase, (245, 250, 250))
    sheet.hill(184, 7, 1.0, phase, (244, 216, 160))
    for x, y in rng.random((6, 2)):
        sheet.disc(x * SIDE, 210 + y * 40, 2.6, (218, 184, 126), lit=True)


def _desert(sheet: Sheet, time: str, variant: int, rng: np.random.Generator) -> None:
    phase = variant * 1.6
    sheet.hill(140, 14, 0.7, phase, (234, 176, 98))
    sheet.hill(166, 12, 0.9, phase + 2.4, (226, 156, 76))
    sheet.hill(202, 8, 0.7, phase + 4.4, (240, 178, 96))


def _snow(sheet: Sheet, time: str, variant: int, rng: np.random.Generator) -> None:
    phase = variant * 1.6
    sheet.hill(148, 12, 0.8, phase, (206, 224, 246))
    sheet.hill(176, 9, 0.9, phase + 2.2, (246, 250, 255))
    for x, y, size in rng.random((18, 3)):
        sheet.disc(x * SIDE, 70 + y * 180, 1.8 + size, (255, 255, 255))


def _city(sheet: Sheet, time: str, variant: int, rng: np.random.Generator) -> None:
    walls = ((176, 122, 128), (150, 150, 176), (196, 172, 140), (128, 152, 184))
    glass = (255, 216, 110) if time != "day" else (224, 240, 252)
    heights = rng.integers(3, 8, 8)
    for index in range(8):
        left, top = index * 32.0, 176.0 - 16 * heights[index]
        sheet.box(left, top, left + 31, 180, walls[(index + variant) % 4])
        for row in range(int(heights[index]) - 1):
            for column in (7, 19):
                x, y = left + column, top + 8 + 16 * row
                _window(sheet, x, y, glass)
    sheet.box(0, 176, SIDE, SIDE, (150, 150, 156))
    sheet.box(0, 192, SIDE, SIDE, (84, 86, 96))
    for index in range(4):
        sheet.box(index * 64 + 16, 236, index * 64 + 48, 242, (240, 240, 220))


def _window(sheet: Sheet, x: float, y: float, colour: Colour) -> None:
    scale = sheet.scale
    corners = (x * scale, y * scale, (x + 6) * scale, (y + 8) * scale)
    sheet.draw.rectangle(corners, fill=_rgb(colour))


def _forest(sheet: Sheet, time: str, variant: int, rng: np.random.Generator) -> None:
    sheet.hill(160, 4, 1.0, variant, (70, 140, 66))
    for row, (base, size, green) in enumerate(
        ((172, 80, (40, 112, 72)), (188, 104, (30, 138, 70)))
    ):
        for index in range(-1, 5 + row):
            x = 64 * index + 32 * row + 16 * (variant % 4) + 8
            _pine(sheet, x, base, size * (0.85 + 0.15 * (index + variant) % 2), green)
    sheet.hill(192, 4, 1.0, variant * 1.6, (86, 162, 70))


def _pine(sheet: Sheet, x: float, base: float, size: float, green: Colour) -> None:
    sheet.box(x - 4, base - 10, x + 4, base + 8, (112, 74, 48))
    for part, wide in ((0.0, 26), (0.28, 21), (0.54, 15)):
        low, high = base - size * part - 6, base - size * min(1.0, part + 0.46) - 6
        sheet.shape([(x - wide, low), (x, high), (x + wide, low)], green)


def _mountains(sheet: Sheet, time: str, variant: int, rng: np.random.Generator) -> None:
    for index in range(4):
        x = 80 * index + (0, 32, 16, 48)[variant % 4] - 16
        high = 64 + 16 * ((index + variant) % 3)
        grey = (118, 126, 154) if index % 2 else (140, 146, 170)
        sheet.shape([(x - 84, 188), (x, high), (x + 84, 188)], grey)
        cap = [(x, high), (x + 24, high + 30), (x + 8, high + 24), (x - 4, high + 34)]
        sheet.shape([*cap, (x - 14, high + 24), (x - 22, high + 28)], (250, 252, 255))
    sheet.hill(178, 6, 1.0, variant * 1.6, (94, 170, 84))


def _underwater(time: str, variant: int, rng: np.random.Generator) -> np.ndarray:
    sheet = Sheet(WATERS[time], LIGHT[time])
    foam = [(part + 255) / 2 for part in WATERS[time][0]]
    for x, y, size in rng.random((10, 3)):
        centre, radius = (8 + x * (SIDE - 16), 10 + y * 190), 3 + 4 * size
        sheet.disc(*centre, radius, (foam[0], foam[1], foam[2]))
        sheet.disc(*centre, radius - 2, WATERS[time][1])
    sheet.hill(216, 6, 1.0, variant * 1.6, (222, 200, 140))
    for x in (24 + 16 * (variant % 2), 216 - 16 * (variant // 2 % 2)):
        weed = [(x - 8, 226), (x - 6, 196), (x - 12, 168), (x, 190), (x + 8, 160), (x + 6, 226)]
        sheet.shape(weed, (40, 160, 100))
    return sheet.done()


def _space(variant: int, rng: np.random.Generator) -> np.ndarray:
    sheet = Sheet(((12, 8, 30), (26, 14, 56), (44, 20, 82)))
    _stars(sheet, rng, 46, SIDE - 14)
    side = -1 if variant % 2 else 1
    x, y = SIDE / 2 + side * 88, 40 + 16 * (variant // 2 % 2)
    sheet.disc(x, y, 23, (96, 170, 246))
    sheet.disc(x - 6, y - 6, 9, (150, 206, 252))
    sheet.disc(SIDE / 2 - side * 96, 208, 13, (240, 140, 110))
    return sheet.done()


def _plain(colour: str, variant: int) -> np.ndarray:
    tone = np.array(BACKDROPS[colour])
    strength = 0.10 + 0.03 * (variant % 4)
    top, bottom = tone + (255 - tone) * strength, tone * (1 - strength)
    return Sheet((tuple(top), tuple(tone), tuple(bottom))).done()


def _gradient(stops: Sequence[Colour], side: int) -> np.ndarray:
    """Colours from top to bottom, the last one reached two thirds down; (side, side, 3) uint8."""
    where = np.linspace(0.0, 0.66, len(stops))
    down = np.linspace(0.0, 1.0, side)
    columns = [np.interp(down, where, [stop[part] for stop in stops]) for part in range(3)]
    column = np.stack(columns, axis=-1).round().astype(np.uint8)
    return np.repeat(column[:, None], side, axis=1)


def _rgb(colour: Sequence[float]) -> tuple[int, int, int]:
    red, green, blue = (max(0, min(255, round(part))) for part in colour)
    return red, green, blue


GROUNDS: dict[str, Callable[[Sheet, str, int, np.random.Generator], None]] = {
    "meadow": _meadow,
    "beach": _beach,
    "desert": _desert,
    "snow": _snow,
    "city": _city,
    "forest": _forest,
    "mountains": _mountains,
}
