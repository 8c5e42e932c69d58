"""A finished picture or clip as files: encoded with its settings inside, hashed, with a thumbnail.

The settings lie where other programs look for them. PNG: the text chunk `parameters` (one line as
A1111 writes it) and the chunk `ourvidz` (JSON). WebP: the same two in EXIF, as UserComment and
ImageDescription. How a clip is encoded, see videos.py. Not for uploading.
"""

import hashlib
import io
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from . import videos
from .clips import Clip
from .job import Job, bad_parameter
from .thumbhash import thumbhash

THUMBNAIL_SIDE = 512  # pixels along the longer side
THUMBNAIL_MIME = "image/webp"
IMAGE_DESCRIPTION, EXIF_BLOCK, USER_COMMENT = 0x010E, 0x8769, 0x9286
# Our names of settings, and A1111's, in its order.
A1111_NAMES = {
    "steps": "Steps",
    "sampler": "Sampler",
    "guidance": "CFG scale",
    "seed": "Seed",
    "size": "Size",
    "model": "Model",
}


@dataclass(frozen=True, slots=True)
class Output:
    """One file ready to be uploaded, and what the server is told of it."""

    file: IO[bytes]
    mime_type: str
    size: int  # bytes
    sha256: str

    @classmethod
    def of(cls, data: bytes, mime_type: str) -> "Output":
        """From encoded bytes."""
        return cls(io.BytesIO(data), mime_type, len(data), hashlib.sha256(data).hexdigest())


@dataclass(frozen=True, slots=True)
class Package:
    """The file of a job, the `output` object of its callback, and how to make what is shown of it:
    a still thumbnail, and for a clip a short preview that moves."""

    file: Output
    described: dict[str, Any]
    thumbnail: Callable[[], Output]
    preview: Callable[[], Output] | None = None


def packed(result: Image.Image | Clip, job: Job) -> Package:
    """Encode what a job made."""
    if isinstance(result, Clip):
        return packed_clip(result, job)
    file = picture(result, job)
    return Package(file, described(file, result, job), lambda: thumbnail(result))


def packed_clip(clip: Clip, job: Job) -> Package:
    """Encode a clip; its first frame stands for it."""
    if job.mime_type != videos.MIME_TYPE:
        raise bad_parameter("mime_type", job.mime_type)
    data = videos.encoded(clip, a1111_line(job), settings_of(job))
    file, poster = Output.of(data, videos.MIME_TYPE), clip.image(0)
    about = described(file, poster, job) | {
        "width": clip.size[0] // 2 * 2,
        "height": clip.size[1] // 2 * 2,
        "duration_seconds": round(clip.seconds, 3),
        "fps": clip.fps,
        "frames": len(clip.frames),
    }
    moving = lambda: Output.of(videos.preview(clip), THUMBNAIL_MIME)  # noqa: E731
    return Package(file, about, lambda: thumbnail(poster), moving)


def picture(image: Image.Image, job: Job) -> Output:
    """The picture in the type the job asks for; raises JobError bad_parameters for another."""
    line, settings = a1111_line(job), settings_of(job)
    if job.mime_type == "image/png":
        return Output.of(as_png(image, line, settings), job.mime_type)
    if job.mime_type == "image/webp":
        return Output.of(as_webp(image, line, settings), job.mime_type)
    raise bad_parameter("mime_type", job.mime_type)


def as_png(image: Image.Image, line: str, settings: dict[str, Any]) -> bytes:
    """PNG with both text chunks (international ones, since prompts come in every script)."""
    info = PngInfo()
    info.add_itxt("parameters", line)
    info.add_itxt("ourvidz", json.dumps(settings, ensure_ascii=False))
    buffer = io.BytesIO()
    # What a picture's filtered rows hold is repeated nowhere else: to look for runs alone is faster
    # (three times as fast at 256 pixels) and leaves six to eleven per cent less.
    image.save(buffer, "PNG", pnginfo=info, compress_level=4, compress_type=zlib.Z_RLE)
    return buffer.getvalue()


def as_webp(image: Image.Image, line: str, settings: dict[str, Any]) -> bytes:
    """WebP with both texts in EXIF."""
    exif = Image.Exif()
    exif[IMAGE_DESCRIPTION] = json.dumps({"ourvidz": settings})
    # A1111's own spelling of a Unicode comment.
    exif.get_ifd(EXIF_BLOCK)[USER_COMMENT] = b"UNICODE\0" + line.encode("utf-16-be")
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=92, method=4, exif=exif)
    return buffer.getvalue()


def thumbnail(image: Image.Image) -> Output:
    """A WebP of at most THUMBNAIL_SIDE pixels; made here once, and never again."""
    small = image.copy()
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=80, method=2)
    return Output.of(buffer.getvalue(), THUMBNAIL_MIME)


def described(output: Output, image: Image.Image, job: Job) -> dict[str, Any]:
    """The `output` object of the protocol's job-callback."""
    return {
        "bytes": output.size,
        "sha256": output.sha256,
        "mime_type": output.mime_type,
        "width": image.width,
        "height": image.height,
        "seed": job.seed,
        "thumbhash": thumbhash(image),
    }


def settings_of(job: Job) -> dict[str, Any]:
    """What is written as JSON: what the server wants written, over what we know ourselves."""
    return {
        "prompt": job.prompt,
        "negative_prompt": job.negative_prompt,
        "seed": job.seed,
        "preset": job.preset.slug,
        "revision": job.preset.revision,
        "parameters": job.parameters,
    } | job.settings


def a1111_line(job: Job) -> str:
    """Prompt, negative prompt and settings in the form that A1111 and its many readers share."""
    known = job.parameters | {"seed": job.seed, "model": job.preset.slug}
    if {"width", "height"} <= known.keys():
        known["size"] = f"{known['width']}x{known['height']}"
    pairs = [f"{title}: {known[name]}" for name, title in A1111_NAMES.items() if name in known]
    negative = [f"Negative prompt: {job.negative_prompt}"] if job.negative_prompt else []
    return "\n".join([job.prompt, *negative, ", ".join(pairs)])
