"""Settings inside a file come back as the worker wrote them; anything else is nothing."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ourvidz.settings_inside import read_settings
from tests.storage.conftest import encoded, png

SETTINGS = {"prompt": "ein Schloß im Schnee", "seed": 7, "parameters": {"steps": 20}}


def png_with(text: str) -> io.BytesIO:
    info = PngInfo()
    info.add_itxt("ourvidz", text)
    return io.BytesIO(png(pnginfo=info))


def exif_with(form: str, text: str) -> io.BytesIO:
    exif = Image.Exif()
    exif[0x010E] = text
    return io.BytesIO(encoded(form, (20, 20), exif=exif))


def test_png() -> None:
    assert read_settings(png_with(json.dumps(SETTINGS, ensure_ascii=False))) == SETTINGS


@pytest.mark.parametrize("form", ["WEBP", "JPEG"])
def test_exif(form: str) -> None:
    assert read_settings(exif_with(form, json.dumps({"ourvidz": SETTINGS}))) == SETTINGS


def test_what_the_gpu_process_writes_is_what_we_read() -> None:
    from workers.gpu.outputs import as_png, as_webp

    picture = Image.new("RGB", (20, 20))
    for write in (as_png, as_webp):
        assert read_settings(io.BytesIO(write(picture, "a line", SETTINGS))) == SETTINGS


@pytest.mark.parametrize(
    "file",
    [
        io.BytesIO(b""),
        io.BytesIO(b"no picture"),
        io.BytesIO(png()),
        png_with("{broken"),
        png_with("[1, 2]"),
        png_with('"text"'),
        png_with(json.dumps({"prompt": "x" * 100_000})),
        png_with("[" * 50_000),
        exif_with("WEBP", "a description by somebody else"),
        exif_with("JPEG", json.dumps({"other": 1})),
    ],
)
def test_nothing_to_recall(file: Any) -> None:
    assert read_settings(file) is None
