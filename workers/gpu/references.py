"""What a person gave with a job, fetched, checked and decoded before any model is touched:
pictures, a mask, a video, LoRAs. Whoever made the files may have written anything. Not for fitting
them to a size: each family does that.
"""

import hashlib
import warnings
from dataclasses import dataclass
from typing import IO

from PIL import Image, ImageOps

from .client import Client, ServerError
from .config import Places
from .errors import JobError
from .job import Job, Reference
from .loras import Lora, find

FORMATS = ("PNG", "JPEG", "WEBP")
MOST_PIXELS = 64 * 1024 * 1024  # of a picture
MOST_BYTES = 1024 * 1024 * 1024  # of a file
ROLES = {"image", "mask", "video"}


@dataclass(frozen=True, slots=True)
class Given:
    """The pictures in their order, each with its strength or None; a mask in grey; a video file."""

    images: tuple[Image.Image, ...] = ()
    strengths: tuple[float | None, ...] = ()
    mask: Image.Image | None = None
    video: IO[bytes] | None = None
    loras: tuple[Lora, ...] = ()

    def image(self) -> Image.Image:
        """The first picture; raises JobError reference_needed when there is none."""
        if not self.images:
            raise JobError("reference_needed")
        return self.images[0]

    def strength(self, default: float) -> float:
        """How far the result may leave the first picture, 0 to 1."""
        given = self.strengths[0] if self.strengths else None
        return default if given is None else min(1.0, max(0.0, given))


NOTHING = Given()


def gather(job: Job, client: Client, places: Places) -> Given:
    """Fetch and decode all that the job refers to; raises JobError reference_…, mask_size, lora_…
    or weights_unsafe."""
    loras = find(job, places)
    ordered = sorted(job.references, key=lambda each: each.position)
    files = [(each, fetch(each, client)) for each in ordered if each.role in ROLES]
    pictures = [(each, picture(file)) for each, file in files if each.role == "image"]
    images = tuple(image for _, image in pictures)
    masks = [picture(file).convert("L") for each, file in files if each.role == "mask"]
    if masks and (not images or masks[0].size != images[0].size):
        raise JobError("mask_size")
    videos = [file for each, file in files if each.role == "video"]
    strengths = tuple(each.strength for each, _ in pictures)
    mask, video = masks[0] if masks else None, videos[0] if videos else None
    return Given(images, strengths, mask, video, loras)


def fetch(reference: Reference, client: Client) -> IO[bytes]:
    """The file, as long and with the checksum that was said."""
    try:
        file = client.download(reference.url, min(reference.bytes, MOST_BYTES))
    except ServerError as error:
        if error.passing:
            raise JobError("reference_missing", retryable=True) from error
        raise JobError("reference_missing") from error
    digest, size = hashlib.sha256(), 0
    while piece := file.read(1 << 20):
        digest.update(piece)
        size += len(piece)
    if (size, digest.hexdigest()) != (reference.bytes, reference.sha256):
        raise unreadable("it is not the file that was uploaded")
    file.seek(0)
    return file


def picture(file: IO[bytes]) -> Image.Image:
    """An upright RGB picture, transparency on white; raises JobError reference_unreadable."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(file, formats=FORMATS)
            check_size(image)
            return flat(ImageOps.exif_transpose(image))
    except JobError:
        raise
    except Image.DecompressionBombError as error:
        raise unreadable("it has too many pixels") from error
    except Exception as error:  # decoders trip over hostile bytes in every way there is
        raise unreadable("it is not a PNG, JPEG or WebP picture") from error


def check_size(image: Image.Image) -> None:
    """Refuse what would fill the memory, before a pixel is decoded."""
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise unreadable("it has too many pixels")


def flat(image: Image.Image) -> Image.Image:
    """RGB, with white behind what is transparent."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    paper = Image.new("RGBA", layer.size, "white")
    return Image.alpha_composite(paper, layer).convert("RGB")


def unreadable(reason: str) -> JobError:
    """The failure of a job whose file cannot be used."""
    return JobError("reference_unreadable", reason=reason)
