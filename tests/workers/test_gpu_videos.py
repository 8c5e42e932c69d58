"""Clips as files: what players, pages and other programs find in them."""

from __future__ import annotations

import io
from dataclasses import replace

import av
import numpy
import pytest
from PIL import Image

from tests.workers.test_gpu_parts import JOB
from workers.gpu import outputs, videos
from workers.gpu.clips import Clip
from workers.gpu.errors import JobError

VIDEO = replace(JOB, content_type="video", mime_type="video/mp4")


def clip(count: int = 17, side: int = 64, fps: float = 8.0) -> Clip:
    """A square that moves over a red ground."""
    frames = numpy.zeros((count, side, side, 3), numpy.uint8)
    frames[:] = (200, 40, 30)
    for number in range(count):
        at = number * (side - 16) // count
        frames[number, 20:36, at : at + 16] = (30, 60, 220)
    return Clip(frames, fps)


def test_a_clip_plays_everywhere() -> None:
    package = outputs.packed(clip(), VIDEO)
    data = package.file.file.read()
    assert data.index(b"moov") < data.index(b"mdat")  # it starts before it is loaded
    with av.open(io.BytesIO(data)) as file:
        stream = file.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
        assert stream.average_rate == 8 and stream.frames == 17
        pictures = [each.to_ndarray(format="rgb24") for each in file.decode(stream)]
    assert len(pictures) == 17
    assert abs(pictures[9].astype(int) - clip().frames[9]).mean() < 6


def test_what_the_server_is_told_is_what_is_in_the_file() -> None:
    package = outputs.packed(clip(), VIDEO)
    told = package.described
    assert (told["duration_seconds"], told["fps"], told["frames"]) == (2.125, 8.0, 17)
    assert (told["width"], told["height"], told["mime_type"]) == (64, 64, "video/mp4")
    assert told["bytes"] == len(package.file.file.read())
    assert told["thumbhash"]


def test_a_clip_carries_its_settings() -> None:
    package = outputs.packed(clip(), VIDEO)
    found = videos.settings_inside(package.file.file)
    assert found is not None
    assert (found["prompt"], found["seed"], found["app"]) == (JOB.prompt, 7, "OurVidz")
    package.file.file.seek(0)
    with av.open(package.file.file) as file:
        assert file.metadata["description"].startswith(JOB.prompt)
        assert "Seed: 7" in file.metadata["description"]


def test_the_same_frames_make_the_same_bytes() -> None:
    one, two = (outputs.packed(clip(), VIDEO).file.sha256 for _ in range(2))
    assert one == two


def test_a_poster_and_a_short_loop_stand_for_a_clip() -> None:
    noise = numpy.random.default_rng(0).integers(0, 255, (100, 300, 480, 3), numpy.uint8)
    package = outputs.packed(Clip(noise, 20.0), VIDEO)
    poster = Image.open(package.thumbnail().file)
    assert (poster.format, max(poster.size)) == ("WEBP", 480)
    loop = package.preview()
    moving = Image.open(loop.file)
    assert moving.is_animated and max(moving.size) <= videos.PREVIEW_SIDE
    assert loop.size <= videos.PREVIEW_BYTES
    milliseconds = 0
    for number in range(moving.n_frames):
        moving.seek(number)
        moving.load()
        milliseconds += moving.info["duration"]
    assert milliseconds <= 3100


def test_odd_sizes_lose_a_line() -> None:
    frames = numpy.zeros((2, 33, 65, 3), numpy.uint8)
    told = outputs.packed(Clip(frames, 16.0), VIDEO).described
    assert (told["width"], told["height"]) == (64, 32)


def test_another_type_is_refused() -> None:
    with pytest.raises(JobError, match="bad_parameters"):
        outputs.packed(clip(), JOB)
