"""A picture of the library in another format, with the settings that made it inside, as the worker
writes them. Not for videos, which are given as they are, nor for the file itself: storage has that.
"""

from __future__ import annotations

import io
import json
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from library.models import Media
from ourvidz import storage
from ourvidz.errors import Refused
from ourvidz.settings_inside import EXIF_DESCRIPTION, NAME, read_settings

# format → (Pillow's name, type, how it is saved)
FORMATS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "png": ("PNG", "image/png", {"compress_level": 4}),
    "jpeg": ("JPEG", "image/jpeg", {"quality": 93, "subsampling": 0}),
    "webp": ("WEBP", "image/webp", {"quality": 92, "method": 4}),
}


def converted(media: Media, wanted: str) -> tuple[bytes, str]:
    """Return the picture's bytes in a format, and its type.

    Raises Refused('format_unknown' | 'file_missing' | 'storage_refused').
    """
    if wanted not in FORMATS or media.content_type != Media.Kind.IMAGE:
        raise Refused("format_unknown", field="format", choices=", ".join(FORMATS))
    name, mime_type, options = FORMATS[wanted]
    with storage.open(media.bucket_name, media.storage_path, media.storage_place) as file:
        source = io.BytesIO(file.read())
    inside = read_settings(source)
    source.seek(0)
    picture: Image.Image = Image.open(source)
    if name == "JPEG":
        picture = _on_white(picture)
    kept = io.BytesIO()
    picture.save(kept, name, **options, **_carrying(name, inside))
    return kept.getvalue(), mime_type


def _on_white(picture: Image.Image) -> Image.Image:
    """JPEG knows no transparency."""
    if "A" not in picture.getbands() and "transparency" not in picture.info:
        return picture.convert("RGB")
    ground = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(ground, picture.convert("RGBA")).convert("RGB")


def _carrying(name: str, settings: dict[str, Any] | None) -> dict[str, Any]:
    if settings is None:
        return {}
    if name == "PNG":
        info = PngInfo()
        info.add_itxt(NAME, json.dumps(settings, ensure_ascii=False))
        return {"pnginfo": info}
    exif = Image.Exif()
    exif[EXIF_DESCRIPTION] = json.dumps({NAME: settings})
    return {"exif": exif}
