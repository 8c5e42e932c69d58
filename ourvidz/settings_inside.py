"""Reads back the settings that a worker wrote into a picture, so that a file dropped into the page
recalls how it was made: PNG text, or EXIF in WebP and JPEG. Whoever made the file may have written
anything: what comes back is data to validate, not to trust. Not for writing (`workers/gpu`).
"""

from __future__ import annotations

import json
import warnings
from typing import Any, BinaryIO

from PIL import Image

# PNG: a text chunk of this name. WebP, JPEG: EXIF ImageDescription, an object with this key.
NAME = "ourvidz"
EXIF_DESCRIPTION = 0x010E
LONGEST = 64 * 1024
FORMATS = ("PNG", "JPEG", "WEBP")


def read_settings(file: BinaryIO) -> dict[str, Any] | None:
    """Return the settings inside the picture, or None where there are none that can be read."""
    file.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            found = _settings(Image.open(file, formats=FORMATS))
    except Exception:
        # Decoders trip over hostile bytes in every way there is.
        return None
    return found if isinstance(found, dict) else None


def settings_in(text: str) -> dict[str, Any] | None:
    """Return the settings that a text is, as in the comment of a video, or None."""
    try:
        found = _json(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _settings(picture: Image.Image) -> Any:
    if picture.format == "PNG":
        # Text may also follow the pixels; ours never does, so nothing needs to be decoded.
        return _json(picture.info.get(NAME))
    found = _json(picture.getexif().get(EXIF_DESCRIPTION))
    return found.get(NAME) if isinstance(found, dict) else None


def _json(text: Any) -> Any:
    return json.loads(text) if isinstance(text, str) and len(text) <= LONGEST else None
