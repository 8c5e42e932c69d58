"""A finished video as pixels. Not for files: see videos.py."""

from dataclasses import dataclass

import numpy
from PIL import Image


@dataclass(frozen=True, slots=True)
class Clip:
    """Frames (count, height, width, 3) as bytes of RGB, and how many are shown a second."""

    frames: numpy.ndarray
    fps: float

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.frames) / self.fps

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.frames.shape[2], self.frames.shape[1]

    def image(self, number: int) -> Image.Image:
        """One frame as a picture."""
        return Image.fromarray(self.frames[number])
