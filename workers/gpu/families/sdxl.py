"""Stable Diffusion XL and everything in its shape, the starter model too: words to a picture.

Not for where weights lie or how long they stay in memory.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from diffusers import StableDiffusionXLPipeline
from PIL import Image

from ..device import Device, number_format
from ..job import Job, bad_parameter
from ..previews import SDXL, LinearMap, preview
from ..progress import Step
from ..sources import Place
from ._estimates import estimate

LARGEST_SIDE, MOST_STEPS = 4096, 1000  # of any preset; each declares its own, smaller


@dataclass(frozen=True, slots=True)
class Model:
    """A loaded pipeline and the map that its previews are made with."""

    pipeline: Any
    linear: LinearMap


def setup(place: Place, device: Device) -> Model:
    """Load the pipeline onto the device."""
    pipeline = StableDiffusionXLPipeline.from_pretrained(
        place.source,
        dtype=number_format(device),
        add_watermarker=False,
        **place.options(),
    )
    pipeline.set_progress_bar_config(disable=True)
    return Model(pipeline.to(device.name), linear_map(place))


def run(model: Model, job: Job, on_step: Callable[[Step], None]) -> Image.Image:
    """Make the job's picture; on_step is called after every denoising step and may raise."""
    multiple = model.pipeline.vae_scale_factor
    steps = job.whole("steps", 20, 1, MOST_STEPS)
    result = model.pipeline(
        prompt=job.prompt,
        negative_prompt=job.negative_prompt or None,
        width=side(job, "width", multiple),
        height=side(job, "height", multiple),
        num_inference_steps=steps,
        guidance_scale=job.real("guidance", 5.0, 0, 50),
        # On the CPU, so that a seed means the same picture on every device.
        generator=torch.Generator("cpu").manual_seed(job.seed),
        callback_on_step_end=watching(model, steps, on_step),
    )
    return result.images[0]


def watching(model: Model, steps: int, on_step: Callable[[Step], None]) -> Callable[..., Any]:
    """What diffusers calls after each step: hands the step on, with how to make its preview."""
    before: list[Any] = [None]

    def after(_: Any, step: int, __: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        # Computed later, on the reporting thread.
        guess = estimate(model.pipeline.scheduler, step, before[0], tensors["latents"])
        before[0] = tensors["latents"]
        on_step(Step(step + 1, steps, lambda: preview(guess(), model.linear)))
        return tensors

    return after


def side(job: Job, name: str, multiple: int) -> int:
    """The width or height in pixels, a multiple of what the autoencoder needs."""
    pixels = job.whole(name, 1024, multiple, LARGEST_SIDE)
    if pixels % multiple:
        raise bad_parameter(name, pixels)
    return pixels


def linear_map(place: Place) -> LinearMap:
    """The map in the folder's words.json, else the one of SDXL's own autoencoder."""
    words = place.folder / "words.json" if place.folder else None
    if not words or not words.is_file():
        return SDXL
    given = json.loads(words.read_text(encoding="utf-8")).get("preview")
    return LinearMap(given["weight"], given["bias"]) if given else SDXL
