"""Enlarging pictures and videos with the networks that the community trains, read by spandrel.
Large pictures are done in tiles that overlap, so that memory stays bounded. Only safetensors.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy
import torch
from PIL import Image

from ..clips import Clip
from ..device import Device
from ..errors import JobError
from ..job import Job, bad_parameter
from ..loras import SAFE
from ..progress import Step
from ..references import Given
from ..sources import Place
from ..spandrels import load
from ..videos import MIME_TYPE, frames_of, too_long
from . import _tuning

FILE = "model.safetensors"
TILE, OVERLAP, SMALLEST_TILE = 512, 16, 64  # pixels of the picture that is given
MOST_PIXELS = 256 * 1024 * 1024  # of the picture that is made
MOST_SECONDS = 60.0  # of a video that is given
MOST_BYTES = 4 * 1024 * 1024 * 1024  # of all frames that are made


@dataclass(slots=True)
class Model:
    """The network on its device, and the side of the tiles it takes."""

    descriptor: Any
    tile: int = TILE

    def modules(self) -> dict[str, torch.nn.Module]:
        """What takes memory, by name."""
        return {"upscaler": self.descriptor.model}

    def shrink(self, device: Device, step: int) -> bool:
        """Take smaller tiles, if they are not tiny yet."""
        self.tile //= 2
        return self.tile >= SMALLEST_TILE


def setup(place: Place, device: Device, options: dict[str, Any]) -> Model:
    """Load the network onto the device."""
    descriptor = load(file_of(place, str(options.get("file") or FILE)))
    half = _tuning.number_format(device, options)
    if half == torch.float16 and not descriptor.supports_half:
        half = torch.float32
    if half == torch.bfloat16 and not descriptor.supports_bfloat16:
        half = torch.float32
    descriptor.to(device.name, half).eval()
    if options.get("channels_last"):
        _tuning.channels_last(descriptor.model)
    return Model(descriptor)


def file_of(place: Place, name: str) -> Path:
    """The weights: in the folder, or fetched from the hub."""
    if not name.endswith(SAFE):
        raise JobError("weights_unsafe", name=name)
    if place.folder:
        return place.folder / name
    import huggingface_hub

    return Path(huggingface_hub.hf_hub_download(place.source, name, revision=place.revision))


def run(
    model: Model, job: Job, given: Given, on_step: Callable[[Step], None]
) -> Image.Image | Clip:
    """Enlarge the picture, or every frame of the video, whichever the job is to deliver; each tile,
    or frame, is a step."""
    if job.parameters.get("scale") not in (None, model.descriptor.scale):
        raise bad_parameter("scale", job.parameters["scale"])
    moving = job.mime_type == MIME_TYPE
    if given.images and not moving:
        return picture(model, given.images[0], on_step)
    if given.video and moving:
        return video(model, given.video, on_step)
    raise JobError("reference_needed")


def video(model: Model, file: Any, on_step: Callable[[Step], None]) -> Clip:
    """All frames, one after the other."""
    fps, frames = frames_of(file, MOST_SECONDS)
    sizes = [frame.width * frame.height for frame in frames_of(file, MOST_SECONDS)[1]]
    of, done, larger = len(sizes), [], 3 * model.descriptor.scale**2
    if sum(sizes) * larger > MOST_BYTES:
        raise too_long(MOST_BYTES / larger / max(sizes) / fps)
    for number, frame in enumerate(frames, 1):
        done.append(numpy.asarray(picture(model, frame, lambda _: None)))
        on_step(Step(number, of))
    return Clip(numpy.stack(done), fps)


def picture(model: Model, image: Image.Image, on_step: Callable[[Step], None]) -> Image.Image:
    """One picture, tile by tile; each tile is computed with a margin that is thrown away.

    The picture goes on at its own edges: networks see black there otherwise.
    """
    scale = model.descriptor.scale
    width, height = image.size
    if width * height * scale * scale > MOST_PIXELS:
        raise bad_parameter("image", f"{width}×{height}")
    around = (OVERLAP, OVERLAP)
    pixels = numpy.pad(numpy.asarray(image), (around, around, (0, 0)), mode="edge")
    made = numpy.empty((height * scale, width * scale, 3), numpy.uint8)
    tiles = list(cut(width, height, model.tile))
    for number, (left, top, right, bottom) in enumerate(tiles, 1):
        wide = pixels[top : bottom + 2 * OVERLAP, left : right + 2 * OVERLAP]
        inner = enlarged(model.descriptor, wide)[OVERLAP * scale :, OVERLAP * scale :]
        target = made[top * scale : bottom * scale, left * scale : right * scale]
        target[:] = inner[: target.shape[0], : target.shape[1]]
        on_step(Step(number, len(tiles)))
    return Image.fromarray(made)


def cut(width: int, height: int, side: int) -> Iterator[tuple[int, int, int, int]]:
    """Tiles that cover a picture: left, top, right, bottom."""
    for top in range(0, height, side):
        for left in range(0, width, side):
            yield left, top, min(left + side, width), min(top + side, height)


def enlarged(descriptor: Any, pixels: numpy.ndarray) -> numpy.ndarray:
    """(height, width, 3) bytes, enlarged."""
    given = torch.from_numpy(pixels.copy()).to(descriptor.device)
    batch = given.permute(2, 0, 1).unsqueeze(0).to(descriptor.dtype) / 255
    with torch.inference_mode():
        result = descriptor(batch)[0]
    return (result.float().clamp(0, 1) * 255).round().byte().permute(1, 2, 0).cpu().numpy()
