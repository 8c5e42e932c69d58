"""ThumbHash: a picture in 25 bytes, shown while the real one loads (evanw.github.io/thumbhash).

Written here because what PyPI has is pure Python (half a second a picture, where this takes a
millisecond) or bound to an old Pillow. Opaque pictures only: ours have no transparency.
"""

import base64

import numpy
from PIL import Image

SIDE = 64  # pixels; the format allows 100, more than it can show


def thumbhash(image: Image.Image) -> str:
    """The picture's ThumbHash in base64."""
    small = image.convert("RGB")
    small.thumbnail((SIDE, SIDE))
    red, green, blue = numpy.moveaxis(numpy.asarray(small, dtype=numpy.float64) / 255, 2, 0)
    width, height = small.size
    longest = max(width, height)
    across = max(1, round(7 * width / longest))
    down = max(1, round(7 * height / longest))
    light = waves((red + green + blue) / 3, max(3, across), max(3, down))
    warm = waves((red + green) / 2 - blue, 3, 3)
    pink = waves(red - green, 3, 3)
    head = header(light, warm, pink, min(across, down), width > height)
    return base64.b64encode(head + nibbles(light[1] + warm[1] + pink[1])).decode()


def waves(channel: numpy.ndarray, across: int, down: int) -> tuple[float, list[float], float]:
    """A channel's mean, its cosine waves scaled to 0…1 in the format's order, and their scale."""
    height, width = channel.shape
    x = numpy.cos(numpy.pi / width * numpy.outer(numpy.arange(across), numpy.arange(width) + 0.5))
    y = numpy.cos(numpy.pi / height * numpy.outer(numpy.arange(down), numpy.arange(height) + 0.5))
    table = y @ channel @ x.T / channel.size
    order = [(v, u) for v in range(down) for u in range(across) if u * down < across * (down - v)]
    values = [float(table[place]) for place in order[1:]]
    scale = max(map(abs, values))
    return float(table[0, 0]), [0.5 + 0.5 * v / scale if scale else 0.5 for v in values], scale


def header(light: tuple, warm: tuple, pink: tuple, shorter: int, landscape: bool) -> bytes:
    """The five bytes in front: the means, the scales and the shape."""
    first = round(63 * light[0]) | round(31.5 + 31.5 * warm[0]) << 6
    first |= round(31.5 + 31.5 * pink[0]) << 12 | round(31 * light[2]) << 18
    second = shorter | round(63 * warm[2]) << 3 | round(63 * pink[2]) << 9 | landscape << 15
    return first.to_bytes(3, "little") + second.to_bytes(2, "little")


def nibbles(values: list[float]) -> bytes:
    """Values of 0…1 as four bits each, the first in the low half of its byte."""
    fours = [round(15 * value) for value in values] + [0] * (len(values) % 2)
    return bytes(low | high << 4 for low, high in zip(fours[::2], fours[1::2], strict=True))
