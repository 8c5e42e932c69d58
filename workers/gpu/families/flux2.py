"""FLUX.2 klein and everything in its shape: words to a picture, and editing by words with up to
several reference pictures. Its few steps need no guidance.
"""

from collections.abc import Callable
from typing import Any

import torch
from diffusers import Flux2KleinPipeline
from PIL import Image

from ..decoding import Undecoded
from ..device import Device
from ..job import Job
from ..progress import Step
from ..references import Given
from ..sources import Place
from . import _fitting, _painting, _schedulers, _tuning
from ._autoencoder import undecoded
from ._loaded import Loaded
from ._loras import Loras
from ._starting import fitted, generator, noise
from ._steps import watching

DEFAULT_STEPS, DEFAULT_GUIDANCE = 4, 1.0
PATCH = 2  # latents along the side of what the transformer sees as one
# Pixels along the sides of a reference: more takes long and shows little, less is refused.
SMALLEST_REFERENCE, LARGEST_REFERENCE, WIDEST = 64, 1024, 4


def setup(place: Place, device: Device, options: dict[str, Any]) -> Loaded:
    """Load the pipeline onto the device."""
    number = _tuning.number_format(device, options)
    pipeline = Flux2KleinPipeline.from_pretrained(place.source, dtype=number, **place.options())
    _tuning.place_on(pipeline, device, options)
    linear = _fitting.linear_map(place, lambda picture: encoded(pipeline, picture), cell(pipeline))
    return Loaded(pipeline=pipeline, linear=linear, loras=Loras(pipeline))


def cell(pipeline: Any) -> int:
    """Pixels along the side of what the transformer sees as one."""
    return pipeline.vae_scale_factor * PATCH


def encoded(pipeline: Any, picture: torch.Tensor) -> torch.Tensor:
    """A picture as latents in the scale that the model denoises."""
    image = picture.to(pipeline._execution_device, pipeline.vae.dtype)
    return pipeline._encode_vae_image(image, None)


def run(model: Loaded, job: Job, given: Given, on_step: Callable[[Step], None]) -> Undecoded:
    """Denoise the job's picture; on_step is called after every denoising step and may raise."""
    pipeline, chance = model.pipeline, generator(job.seed)
    steps, guidance = _painting.numbers(job, DEFAULT_STEPS, DEFAULT_GUIDANCE)
    width, height = _painting.size(job, cell(pipeline))
    rows, columns = height // cell(pipeline), width // cell(pipeline)
    words = read(model, job, guidance, model.loras.use(given.loras))
    shape = (1, pipeline.transformer.config.in_channels, rows, columns)
    own, pipeline.scheduler = pipeline.scheduler, _schedulers.adjusted(job, pipeline.scheduler)
    try:
        result = pipeline(
            output_type="latent",
            image=[reference(each, cell(pipeline)) for each in given.images] or None,
            width=width,
            height=height,
            num_inference_steps=steps,
            guidance_scale=guidance,
            generator=chance,
            latents=noise(job, shape, chance, words["prompt_embeds"].dtype),
            callback_on_step_end=watching(
                on_step, model.linear, lambda latents: unpacked(latents, rows, columns)
            ),
            **words,
        )
    finally:
        pipeline.scheduler = own
    return undecoded(model, result.images)


def read(model: Loaded, job: Job, guidance: float, adapters: Any) -> dict[str, Any]:
    """What the pipeline's call wants to know of the words."""
    guided = guidance > 1 and not model.pipeline.config.is_distilled
    names = {"prompt_embeds": job.prompt}
    if guided:
        names["negative_prompt_embeds"] = job.negative_prompt
    return {
        name: model.memo.get((text, adapters), lambda: model.pipeline.encode_prompt(text)[0])  # noqa: B023
        for name, text in names.items()
    }


def reference(image: Image.Image, multiple: int) -> Image.Image:
    """A reference picture of a size that the model takes: neither huge nor tiny."""
    small = image.copy()
    small.thumbnail((LARGEST_REFERENCE, LARGEST_REFERENCE), Image.Resampling.LANCZOS)
    least = -(-SMALLEST_REFERENCE // multiple) * multiple
    width, height = (max(least, side // multiple * multiple) for side in small.size)
    return fitted(small, min(width, WIDEST * height), min(height, WIDEST * width))


def unpacked(latents: torch.Tensor, rows: int, columns: int) -> torch.Tensor:
    """From the transformer's row of tokens to (1, channels, rows, columns)."""
    return latents.permute(0, 2, 1).reshape(len(latents), -1, rows, columns)
