"""Gives a drawing another colour: its main one becomes red, blue, white or another.

Only the hue that most of the drawing has is dyed, light and shade stay; windows, wheels and eyes
keep their own colours. Not for drawings of many colours or none (a castle, a panda).
"""

import numpy as np
from PIL import Image

# Hue in degrees, saturation and lightness (HSV) of what a colour's word means.
DYES: dict[str, tuple[float, float, float]] = {
    "white": (220.0, 0.03, 0.97),
    "blue": (220.0, 0.78, 0.92),
    "yellow": (48.0, 0.80, 1.00),
    "pink": (330.0, 0.42, 1.00),
    "red": (357.0, 0.84, 0.90),
    "green": (130.0, 0.70, 0.72),
    "purple": (272.0, 0.68, 0.72),
}
NEAR, FAR = 30.0, 48.0  # degrees from the main hue: dyed whole, and not at all
GREY = 0.22  # saturation below which a pixel has no hue to speak of


def dye(drawing: Image.Image, colour: str) -> Image.Image:
    """The RGBA drawing with its main hue turned into the colour."""
    pixels = np.asarray(drawing.convert("RGBA"))
    wide = np.asarray(drawing.convert("RGB").convert("HSV"), np.float64) / 255
    hue, saturation, value = wide[..., 0] * 360, wide[..., 1], wide[..., 2]
    share = _share(hue, saturation, pixels[..., 3] / 255)
    inside = (share > 0.5) & (pixels[..., 3] > 128)
    to_hue, to_saturation, to_value = DYES[colour]
    # Light and shade are kept as they are in relation to the drawing's usual tone.
    shade = value / max(float(np.median(value[inside])), 0.05)
    depth = np.sqrt(saturation / max(float(np.median(saturation[inside])), 0.05))
    dyed = np.stack(
        [
            np.full_like(hue, to_hue / 360),
            np.clip(to_saturation * depth, 0, 1),
            np.clip(to_value * shade, 0, 1),
        ],
        axis=-1,
    )
    painted = Image.fromarray((dyed * 255).round().astype(np.uint8), "HSV").convert("RGB")
    mixed = (
        pixels[..., :3] + (np.asarray(painted) - pixels[..., :3].astype(float)) * share[..., None]
    )
    return Image.fromarray(np.dstack([mixed.round().astype(np.uint8), pixels[..., 3]]))


def _share(hue: np.ndarray, saturation: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """How much of each pixel is dyed, 0 to 1: what is near to the main hue, and not grey."""
    weight = saturation * alpha * (saturation > GREY)
    counts, _ = np.histogram(hue, bins=72, range=(0, 360), weights=weight)
    around = sum(np.roll(counts, turn) for turn in range(-3, 4))
    main = int(np.argmax(around)) * 5 + 2.5
    away = np.abs((hue - main + 180) % 360 - 180)
    near = np.clip((FAR - away) / (FAR - NEAR), 0, 1)
    return near * np.clip((saturation - GREY / 2) / (GREY / 2), 0, 1)
