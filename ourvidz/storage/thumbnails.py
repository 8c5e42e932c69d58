"""Small WebP pictures beside the files they show, made once. Videos bring theirs from the worker,
which has the frames. Not for checking what people upload (`ourvidz/uploads.py`).
"""

from __future__ import annotations

import io
import logging

from PIL import Image, ImageOps

from ourvidz.errors import Refused
from ourvidz.storage import keys, objects, places

log = logging.getLogger(__name__)

SIDE = 512
QUALITY = 80
# A generated picture is far below this; a file that claims more is not one of ours.
MAX_PIXELS = 100_000_000


def publish_thumbnail(bucket: str, key: str, place: str = places.PRIMARY) -> bool:
    """Make the thumbnail of a stored picture unless it is there, and return whether there is one.

    Never fails: without a thumbnail, a page shows the picture itself.
    """
    small = keys.thumbnail_key(key)
    try:
        if objects.exists(bucket, small, place):
            return True
        if not keys.mime_type_of(key).startswith("image/"):
            return False
        with objects.open(bucket, key, place) as file:
            thumbnail = io.BytesIO(make_thumbnail(Image.open(file)))
        return objects.save(bucket, small, thumbnail, keys.THUMBNAIL_TYPE).place == place
    except (Refused, OSError, ValueError, Image.DecompressionBombError) as error:
        log.warning("No thumbnail for %s/%s: %s", bucket, key, error)
        return False


def make_thumbnail(picture: Image.Image) -> bytes:
    """Return the picture as a WebP no larger than SIDE on either side, without metadata."""
    if picture.width * picture.height > MAX_PIXELS:
        raise ValueError("too many pixels for a thumbnail")
    picture.draft("RGB", (SIDE, SIDE))
    small = ImageOps.exif_transpose(picture)
    small = small.convert("RGBA" if small.has_transparency_data else "RGB")
    small.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    small.save(out, "WEBP", quality=QUALITY, method=4)
    return out.getvalue()
