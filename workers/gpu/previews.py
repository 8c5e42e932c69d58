"""Small pictures of a job in the making: latents through a linear map to colours, no decoder.

Not for finished pictures. Called on the reporting thread, so copying from the device waits there.
"""

import base64
import io
from dataclasses import dataclass
from typing import Any

import numpy
from PIL import Image

LARGEST = 8 * 1024  # bytes of WebP, before base64
LONGEST_SIDE = 128  # pixels: the page enlarges it smoothly
QUALITIES = (80, 60, 40, 20, 5)


@dataclass(frozen=True, slots=True)
class LinearMap:
    """Latent channels to red, green and blue in 0…1: 3 weights a channel, and a bias."""

    weight: list[list[float]]
    bias: list[float]

    def colours(self, latents: numpy.ndarray) -> numpy.ndarray:
        """From (channels, height, width) to (height, width, 3) bytes."""
        mixed = numpy.einsum("chw,cr->hwr", latents, numpy.asarray(self.weight, numpy.float32))
        mixed += numpy.asarray(self.bias, numpy.float32)
        return (numpy.nan_to_num(mixed).clip(0, 1) * 255).astype(numpy.uint8)


# The four channels of SDXL's autoencoder, from the guide to step callbacks of diffusers.
SDXL = LinearMap(
    weight=[
        [60 / 255, 60 / 255, 60 / 255],
        [-60 / 255, -5 / 255, 10 / 255],
        [25 / 255, 15 / 255, -5 / 255],
        [-70 / 255, -50 / 255, -35 / 255],
    ],
    bias=[150 / 255, 140 / 255, 130 / 255],
)


def preview(latents: Any, linear: LinearMap) -> str | None:
    """The first picture of a batch of latents (a torch tensor) as base64 WebP of at most 8 KB."""
    values = latents[0].float().cpu().numpy()
    if values.shape[0] != len(linear.weight):
        return None
    image = Image.fromarray(linear.colours(values))
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    return encoded(image)


def encoded(image: Image.Image) -> str | None:
    """Base64 WebP in the best quality that fits, or None when none does."""
    for quality in QUALITIES:
        buffer = io.BytesIO()
        image.save(buffer, "WEBP", quality=quality, method=1)
        if buffer.tell() <= LARGEST:
            return base64.b64encode(buffer.getvalue()).decode()
    return None
