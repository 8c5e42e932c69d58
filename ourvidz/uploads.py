"""Checks what people upload and makes it safe: recognised by its content, limited in bytes and
pixels, decoded to its end, encoded anew without metadata. Not for what workers send
(`upload_views.py`).
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.files import File
from django.template.defaultfilters import filesizeformat
from PIL import Image, ImageCms, ImageOps

from ourvidz.errors import Refused
from ourvidz.storage.keys import EXTENSIONS

FIELD = "file"
FORMATS = ("PNG", "JPEG", "WEBP")
SMALLEST_SIDE = 16
# No model looks at more; larger pictures are scaled down when they are kept.
LARGEST_SIDE = 4096
ENCODING: dict[str, dict[str, Any]] = {
    "PNG": {"compress_level": 4},
    "JPEG": {"quality": 95, "subsampling": 0},
    "WEBP": {"quality": 95, "method": 4},
}
SRGB = ImageCms.createProfile("sRGB")


@dataclass(frozen=True)
class CleanPicture:
    """A picture made anew from an upload: pixels, and nothing that anybody hid in the file."""

    content: bytes
    mime_type: str
    width: int
    height: int
    picture: Image.Image

    @property
    def extension(self) -> str:
        return EXTENSIONS[self.mime_type]

    @property
    def file(self) -> io.BytesIO:
        return io.BytesIO(self.content)


def clean_picture(upload: File[bytes]) -> CleanPicture:
    """Return the picture of an upload, encoded anew in its own format (PNG, JPEG or WebP).

    Of an animation, the first picture. Raises Refused: upload_empty, upload_too_large,
    upload_not_an_image, upload_too_many_pixels, upload_too_small, upload_broken.
    """
    _check_bytes(upload)
    source = _open(upload)
    _check_pixels(source)
    picture = _pixels(source)
    out = io.BytesIO()
    form = str(source.format)
    picture.save(out, form, **ENCODING[form])
    return CleanPicture(out.getvalue(), Image.MIME[form], picture.width, picture.height, picture)


def _check_bytes(upload: File[bytes]) -> None:
    limit = settings.UPLOAD_MAX_BYTES
    if not upload.size:
        raise Refused("upload_empty", field=FIELD)
    if upload.size > limit:
        size = filesizeformat(upload.size)
        raise Refused("upload_too_large", field=FIELD, size=size, limit=filesizeformat(limit))


def _open(upload: File[bytes]) -> Image.Image:
    """Read the header only: the name and the claimed type play no part."""
    upload.seek(0)
    try:
        with warnings.catch_warnings():
            # Our own limit of pixels is checked next.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            return Image.open(upload, formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise _too_many_pixels() from error
    except Exception as error:
        # Decoders trip over hostile bytes in every way there is.
        raise Refused("upload_not_an_image", field=FIELD) from error


def _check_pixels(picture: Image.Image) -> None:
    if picture.width * picture.height > settings.UPLOAD_MAX_PIXELS:
        raise _too_many_pixels()
    if min(picture.size) < SMALLEST_SIDE:
        raise Refused("upload_too_small", field=FIELD, limit=SMALLEST_SIDE)


def _too_many_pixels() -> Refused:
    megapixels = settings.UPLOAD_MAX_PIXELS // 1_000_000
    return Refused("upload_too_many_pixels", field=FIELD, limit=megapixels)


def _pixels(source: Image.Image) -> Image.Image:
    """Decode to the end; return upright sRGB pixels with nothing else attached."""
    try:
        source.draft("RGB", (LARGEST_SIDE, LARGEST_SIDE))
        source.load()
        picture = _in_srgb(ImageOps.exif_transpose(source))
    except Exception as error:
        raise Refused("upload_broken", field=FIELD) from error
    picture.thumbnail((LARGEST_SIDE, LARGEST_SIDE), Image.Resampling.LANCZOS)
    # A new image has no metadata by construction, whatever the encoder would have copied.
    clean = Image.new(picture.mode, picture.size)
    clean.paste(picture)
    return clean


def _in_srgb(picture: Image.Image) -> Image.Image:
    profile = picture.info.get("icc_profile")
    mode = "RGBA" if picture.has_transparency_data and picture.format != "JPEG" else "RGB"
    if profile and picture.mode in ("RGB", "CMYK", "L"):
        try:
            converted = ImageCms.profileToProfile(
                picture, ImageCms.ImageCmsProfile(io.BytesIO(profile)), SRGB, outputMode="RGB"
            )
            return (converted or picture).convert(mode)
        except (ImageCms.PyCMSError, OSError):
            # A broken profile says nothing about the pixels, which are decoded by now.
            pass
    return picture.convert(mode)
