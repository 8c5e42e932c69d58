"""What people upload: recognised by content, limited, decoded to its end, and made anew."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from PIL import Image

from ourvidz.errors import Refused
from ourvidz.uploads import LARGEST_SIDE, clean_picture
from tests.storage.conftest import encoded, png


def upload(content: bytes, name: str = "picture.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="image/png")


def refusal(content: bytes, name: str = "picture.png") -> str:
    with pytest.raises(Refused) as refused:
        clean_picture(upload(content, name))
    assert str(refused.value)
    assert refused.value.field == "file"
    return refused.value.code


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_a_picture_keeps_its_format_and_size(form: str) -> None:
    clean = clean_picture(upload(encoded(form, (40, 30)), "whatever.exe"))
    assert (clean.mime_type, clean.width, clean.height) == (Image.MIME[form], 40, 30)
    with Image.open(clean.file) as again:
        assert (again.format, again.size) == (form, (40, 30))


def test_metadata_does_not_survive() -> None:
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    for form in ("PNG", "JPEG", "WEBP"):
        content = encoded(form, (40, 30), exif=exif.tobytes())
        assert b"where I live" in content
        clean = clean_picture(upload(content))
        assert b"where I live" not in clean.content
        assert not Image.open(clean.file).getexif()


def test_what_is_hidden_behind_the_pixels_does_not_survive() -> None:
    clean = clean_picture(upload(png() + b"PK\x03\x04 an archive, or <script>"))
    assert b"script" not in clean.content


def test_a_picture_lying_on_its_side_is_put_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    clean = clean_picture(upload(encoded("JPEG", (40, 30), exif=exif.tobytes())))
    assert (clean.width, clean.height) == (30, 40)


def test_transparency_survives() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (20, 20), (255, 0, 0, 0)).save(out, "PNG")
    assert clean_picture(upload(out.getvalue())).picture.mode == "RGBA"


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "I;16", "CMYK"])
def test_every_kind_of_pixels(mode: str) -> None:
    out = io.BytesIO()
    form = "JPEG" if mode == "CMYK" else "PNG"
    Image.new(mode, (20, 20)).save(out, form)
    assert clean_picture(upload(out.getvalue())).picture.mode in ("RGB", "RGBA")


def test_of_an_animation_the_first_picture() -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    out = io.BytesIO()
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    clean = clean_picture(upload(out.getvalue()))
    red, _green, blue = clean.picture.getpixel((5, 5))  # type: ignore[misc]
    assert red > 200 > blue
    assert getattr(Image.open(clean.file), "n_frames", 1) == 1


def test_a_broken_colour_profile_does_not_matter() -> None:
    assert clean_picture(upload(encoded("JPEG", (20, 20), icc_profile=b"nonsense"))).width == 20


def test_nothing_and_too_much(settings: Any) -> None:
    assert refusal(b"") == "upload_empty"
    settings.UPLOAD_MAX_BYTES = 10
    assert refusal(png()) == "upload_too_large"


@pytest.mark.parametrize(
    "content",
    [
        b"hello",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<html>",
        b"MZ\x90\x00 an executable",
        encoded("GIF", (20, 20)),
        encoded("BMP", (20, 20)),
        encoded("TIFF", (20, 20)),
        b"%!PS-Adobe-3.0 EPSF-3.0",
        b"\x89PNG\r\n\x1a\n",
        b"\x00" * 100,
    ],
)
def test_disguised_files(content: bytes) -> None:
    assert refusal(content) == "upload_not_an_image"


def test_a_damaged_picture() -> None:
    for form in ("PNG", "JPEG"):
        content = encoded(form, (200, 200))
        assert refusal(content[: len(content) // 2]) in ("upload_broken", "upload_not_an_image")
    noise = Image.effect_noise((200, 200), 90)
    out = io.BytesIO()
    noise.save(out, "PNG")
    assert refusal(out.getvalue()[:5000]) == "upload_broken"


def bomb(width: int, height: int) -> bytes:
    """Return a tiny PNG that claims to be huge."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\x00" * 10_000_000, 9)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("size", [(9_000, 9_000), (60_000, 60_000), (2_000_000, 2_000)])
def test_a_bomb_is_not_opened(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image.Image, "load", lambda *args: pytest.fail("it was decoded"))
    assert refusal(bomb(*size)) == "upload_too_many_pixels"


def test_wrong_sizes() -> None:
    assert refusal(png((15, 400))) == "upload_too_small"
    clean = clean_picture(upload(png((LARGEST_SIDE * 2, 100))))
    assert (clean.width, clean.height) == (LARGEST_SIDE, 50)


@hypothesis_settings(max_examples=60, deadline=None)
@given(st.data())
def test_hostile_bytes_are_refused_and_nothing_else(data: st.DataObject) -> None:
    """A picture with some bytes changed is taken or refused: never another error."""
    form = data.draw(st.sampled_from(["PNG", "JPEG", "WEBP"]))
    content = bytearray(encoded(form, (32, 32), "orange"))
    for _change in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        clean_picture(upload(bytes(content)))
    except Refused as refused:
        assert refused.code.startswith("upload_")
