"""What people give with a job: fetched from a real web server, checked, decoded, or refused."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy
import pytest
from PIL import Image

from tests.workers.test_gpu_parts import ENOUGH, JOB
from workers.gpu import client as clients
from workers.gpu import loras, references, videos
from workers.gpu.clips import Clip
from workers.gpu.config import Config, Places
from workers.gpu.errors import JobError
from workers.gpu.job import Reference
from workers.gpu.state import State


class Quiet(SimpleHTTPRequestHandler):
    """A folder over HTTP, without a log."""

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture
def client(tmp_path: Path) -> Iterator[clients.Client]:
    """A client whose server offers the files of tmp_path."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    Thread(target=server.serve_forever, daemon=True).start()
    url = {"OURVIDZ_URL": f"http://127.0.0.1:{server.server_port}"}
    made = clients.Client(Config.from_environment(ENOUGH | url), State())
    yield made
    made.close()
    server.shutdown()


@pytest.fixture
def gather(client: clients.Client, tmp_path: Path) -> Callable[..., references.Given]:
    """Return a function that gathers references of [role, bytes] and what else differs."""

    def do(*files: tuple[str, bytes], **changes: Any) -> references.Given:
        described = []
        for number, (role, data) in enumerate(files):
            (tmp_path / str(number)).write_bytes(data)
            about = {"role": role, "position": number, "mime_type": "image/png"}
            about |= {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            described.append(Reference.read(about | {"url": f"/{number}"} | changes))
        job = replace(JOB, references=tuple(described))
        return references.gather(job, client, Places(tmp_path / "models", tmp_path / "loras"))

    return do


def file(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """A picture as a file."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def refused(call: Callable[[], Any]) -> tuple[str, dict[str, Any]]:
    """The code and parameters that a call fails with."""
    with pytest.raises(JobError) as caught:
        call()
    return caught.value.code, caught.value.params


def test_pictures_come_in_their_order_upright_and_on_white(gather: Any) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright
    photo = file(Image.new("RGB", (40, 20), "red"), "JPEG", exif=exif)
    glass = file(Image.new("RGBA", (8, 8), (0, 0, 0, 0)), "WEBP", lossless=True)
    given = gather(("image", photo), ("image", glass), strength=0.25)
    assert given.image().size == (20, 40)
    assert given.images[1].getpixel((3, 3)) == (255, 255, 255)
    assert given.strength(0.6) == 0.25


def test_a_mask_is_as_large_as_its_picture(gather: Any) -> None:
    picture, mask = (file(Image.new("RGB", (8, 8), each)) for each in ("red", "white"))
    given = gather(("image", picture), ("mask", mask))
    assert (given.mask.mode, given.mask.getpixel((0, 0))) == ("L", 255)
    other = file(Image.new("L", (9, 8)))
    assert refused(lambda: gather(("image", picture), ("mask", other)))[0] == "mask_size"
    assert refused(lambda: gather(("mask", mask)))[0] == "mask_size"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg onload=alert(1)>",
        b"\x89PNG\r\n\x1a\n" + b"\0" * 100,
        file(Image.effect_noise((64, 64), 90))[:900],
        file(Image.new("RGB", (4, 4)), "GIF"),
    ],
)
def test_what_is_no_picture_is_refused(gather: Any, data: bytes) -> None:
    code, params = refused(lambda: gather(("image", data)))
    assert (code, params["reason"][:8]) == ("reference_unreadable", "it is no")


def test_a_huge_picture_is_refused_before_it_is_decoded(gather: Any) -> None:
    huge = file(Image.new("1", (20_000, 20_000)))
    code, params = refused(lambda: gather(("image", huge)))
    assert (code, "too many" in params["reason"]) == ("reference_unreadable", True)


def test_a_file_that_is_not_there_or_another_is_refused(gather: Any) -> None:
    data = file(Image.new("RGB", (8, 8)))
    assert refused(lambda: gather(("image", data), url="/none"))[0] == "reference_missing"
    assert refused(lambda: gather(("image", data), sha256="0" * 64))[0] == "reference_unreadable"
    assert refused(lambda: gather(("image", data), bytes=5))[0] == "reference_missing"


def test_a_video_gives_its_last_frame(gather: Any) -> None:
    frames = numpy.zeros((60, 32, 32, 3), numpy.uint8)
    frames[-1] = (200, 30, 30)
    given = gather(("video", videos.encoded(Clip(frames, 16.0), "", {})))
    red, green, _ = videos.last_frame(given.video).getpixel((16, 16))
    assert (abs(red - 200) < 8, abs(green - 30) < 8) == (True, True)
    bad = gather(("video", b"no video"))
    assert refused(lambda: videos.last_frame(bad.video))[0] == "reference_unreadable"


def test_a_long_video_is_refused() -> None:
    clip = Clip(numpy.zeros((60, 32, 32, 3), numpy.uint8), 10.0)
    made = io.BytesIO(videos.encoded(clip, "", {}))
    assert refused(lambda: videos.frames_of(made, 5.0)) == ("too_long", {"limit": "5 s"})
    fps, frames = videos.frames_of(made, 7.0)
    assert (fps, len(list(frames))) == (10.0, 60)


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ("none", "lora_missing"),
        ("../outside.safetensors", "lora_missing"),
        ("/etc/passwd", "lora_missing"),
        ("old.ckpt", "weights_unsafe"),
        ("pickles", "weights_unsafe"),
        ("empty", "lora_missing"),
        (7, "bad_parameters"),
    ],
)
def test_loras_come_from_one_folder_and_are_safe(tmp_path: Path, wanted: Any, code: str) -> None:
    folder = tmp_path / "loras"
    for name in ("pickles", "empty", "good"):
        (folder / name).mkdir(parents=True)
    for name in ("old.ckpt", "pickles/a.bin", "good/a.safetensors", "../outside.safetensors"):
        (folder / name).touch()
    find = partial(loras.find, places=Places(tmp_path / "models", folder))
    job = replace(JOB, parameters={"loras": [{"source": wanted, "weight": 0.5}]})
    assert refused(lambda: find(job))[0] == code
    good = replace(JOB, parameters={"loras": [{"source": "good"}]})
    [found] = find(good)
    assert (found.file, found.weight) == (str(folder / "good" / "a.safetensors"), 1.0)


def test_a_lora_whose_name_cannot_be_told_keeps_no_worker_away(tmp_path: Path) -> None:
    folder = tmp_path / "loras"
    deep = folder / ("a" * 200) / ("b" * 200)
    deep.mkdir(parents=True)
    for file in (folder / "ink.safetensors", folder / "x\ny.safetensors", deep / "c.safetensors"):
        file.touch()
    (folder / os.fsdecode(b"\xff.safetensors")).touch()
    assert loras.here(Places(tmp_path / "models", folder)) == ["ink.safetensors"]
    assert loras.here(Places(tmp_path / "models", tmp_path / "nowhere")) == []


def test_a_preset_brings_loras_of_its_own(tmp_path: Path) -> None:
    fetched = tmp_path / "models" / "owner--few-steps"
    fetched.mkdir(parents=True)
    for name in ("eight.safetensors", "four.safetensors"):
        (fetched / name).touch()
    options = {"loras": [{"source": "owner/few-steps", "file": "four.safetensors", "weight": 0.9}]}
    job = replace(JOB, preset=replace(JOB.preset, options=options))
    [found] = loras.find(job, Places(tmp_path / "models", tmp_path / "loras"))
    assert (found.file, found.weight) == (str(fetched / "four.safetensors"), 0.9)
