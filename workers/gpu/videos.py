"""Clips as files, by PyAV: MP4 that plays everywhere and starts before it is loaded, a short
preview that moves, and back: the last frame, or all of them, of a video that somebody gave.

The settings lie in the container: `comment` is the JSON, `description` the line as A1111 writes it.
Not for uploading.
"""

import io
import json
import tempfile
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import av
import numpy
from av.video.reformatter import ColorRange, Colorspace
from PIL import Image

from .clips import Clip
from .errors import JobError

MIME_TYPE = "video/mp4"
# H.264 in one thread and of a fixed speed: the same frames make the same bytes.
ENCODER = {"crf": "18", "preset": "medium", "threads": "1"}
BT709 = 1  # as H.264 counts primaries, transfer and matrix
PREVIEW_SECONDS, PREVIEW_SIDE, PREVIEW_FPS = 3.0, 320, 12.0
PREVIEW_BYTES = 500 * 1024
QUALITIES = (75, 55, 35, 15)
LAST_SECONDS = 2.0  # of a video are decoded to find its last frame
MOST_PIXELS = 16 * 1024 * 1024  # of a frame


def encoded(clip: Clip, line: str, settings: dict[str, Any]) -> bytes:
    """MP4: H.264, yuv420p, its index in front. Odd sizes lose a line, since colour is halved."""
    # A file with a name: to bring the index to the front, it is written twice.
    with tempfile.NamedTemporaryFile(suffix=".mp4") as whole:
        write(whole.name, clip, line, settings)
        return whole.read()


def write(path: str, clip: Clip, line: str, settings: dict[str, Any]) -> None:
    """The clip as a file at this path."""
    width, height = (side // 2 * 2 for side in clip.size)
    with av.open(path, "w", format="mp4", options={"movflags": "+faststart"}) as file:
        file.metadata["comment"] = json.dumps(settings, ensure_ascii=False)
        file.metadata["description"] = line
        stream = file.add_stream("libx264", rate=fraction(clip.fps), options=ENCODER)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        describe_colours(stream.codec_context)
        for pixels in clip.frames:
            file.mux(stream.encode(frame(pixels[:height, :width])))
        file.mux(stream.encode())


def fraction(fps: float) -> Any:
    """Frames a second as players want it."""
    from fractions import Fraction

    return Fraction(fps).limit_denominator(1001)


def describe_colours(context: Any) -> None:
    """Say which colours these are, so that no player has to guess."""
    context.color_primaries = context.color_trc = context.colorspace = BT709
    context.color_range = int(ColorRange.MPEG)


def frame(pixels: numpy.ndarray) -> Any:
    """One RGB frame in the encoder's colours."""
    whole = av.VideoFrame.from_ndarray(numpy.ascontiguousarray(pixels), format="rgb24")
    return whole.reformat(
        format="yuv420p",
        dst_colorspace=Colorspace.ITU709,
        src_color_range=ColorRange.JPEG,
        dst_color_range=ColorRange.MPEG,
    )


def preview(clip: Clip) -> bytes:
    """An animated WebP of the clip's beginning, small in every way."""
    step = max(1, round(clip.fps / PREVIEW_FPS))
    count = int(min(clip.seconds, PREVIEW_SECONDS) * clip.fps)
    frames = [small(clip.image(number)) for number in range(0, max(1, count), step)]
    data = b""
    for quality in QUALITIES:
        data = animated(frames, step / clip.fps, quality)
        if len(data) <= PREVIEW_BYTES:
            return data
    return animated(frames[:: len(data) // PREVIEW_BYTES + 2], step / clip.fps, QUALITIES[-1])


def small(image: Image.Image) -> Image.Image:
    """The picture no longer than a preview's side."""
    image.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE))
    return image


def animated(frames: list[Image.Image], seconds: float, quality: int) -> bytes:
    """Frames as a WebP that loops, each shown for so long."""
    buffer = io.BytesIO()
    options = {"quality": quality, "method": 2, "duration": round(seconds * 1000), "loop": 0}
    frames[0].save(buffer, "WEBP", save_all=True, append_images=frames[1:], **options)
    return buffer.getvalue()


def settings_inside(file: IO[bytes]) -> dict[str, Any] | None:
    """The settings that `encoded` wrote, or None."""
    with opened(file) as container:
        text = container.metadata.get("comment", "")
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def last_frame(file: IO[bytes]) -> Image.Image:
    """Where a video ends; raises JobError reference_unreadable."""
    with opened(file) as container:
        stream = container.streams.video[0]
        if container.duration:
            late = container.duration - int(LAST_SECONDS * av.time_base)
            container.seek(max(0, late), backward=True)
        latest = deque(container.decode(stream), maxlen=1)
        if not latest:
            raise unreadable()
        return latest[0].to_image()


def frames_of(file: IO[bytes], most_seconds: float) -> tuple[float, Iterator[Image.Image]]:
    """A video's frames a second and its frames; raises JobError too_long, or reference_unreadable
    while they are read."""
    with opened(file) as container:
        stream = container.streams.video[0]
        fps = float(stream.average_rate or 24)
        seconds = (container.duration or 0) / av.time_base
        if seconds > most_seconds:
            raise too_long(most_seconds)
    return fps, decoded(file, int(most_seconds * fps) + 1, most_seconds)


def decoded(file: IO[bytes], most: int, most_seconds: float) -> Iterator[Image.Image]:
    """All frames in turn; a container may lie of its length, so they are counted."""
    with opened(file) as container:
        for number, each in enumerate(container.decode(container.streams.video[0])):
            if number >= most:
                raise too_long(most_seconds)
            yield each.to_image()


@contextmanager
def opened(file: IO[bytes]) -> Iterator[Any]:
    """The container; whatever goes wrong in it is a reference_unreadable."""
    file.seek(0)
    try:
        with av.open(file, "r", metadata_errors="ignore") as container:
            if not container.streams.video:
                raise unreadable()
            context = container.streams.video[0].codec_context
            if context.width * context.height > MOST_PIXELS:
                raise unreadable()
            yield container
    except av.FFmpegError as error:
        raise unreadable() from error


def too_long(seconds: float) -> JobError:
    """The failure of a job whose video lasts longer than can be worked on."""
    return JobError("too_long", limit=f"{seconds:.3g} s")


def unreadable() -> JobError:
    """The failure of a job whose video cannot be used."""
    return JobError("reference_unreadable", reason="it is not a video that can be played")
