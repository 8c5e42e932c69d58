"""Z-Image Turbo and everything in its shape: words to a picture in few steps, a picture to another,
and a part of a picture painted anew.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from diffusers import ZImageImg2ImgPipeline, ZImageInpaintPipeline, ZImagePipeline
from PIL import Image

from ..decoding import Undecoded
from ..device import Device
from ..job import Job
from ..progress import Step
from ..references import Given
from ..sources import Place
from . import _fitting, _painting, _schedulers, _tuning
from ._autoencoder import encoded, undecoded
from ._loaded import Loaded
from ._loras import Loras
from ._starting import fitted, generator, noise, pasted
from ._steps import watching

DEFAULT_STEPS, DEFAULT_GUIDANCE = 8, 0.0


@dataclass(slots=True, kw_only=True)
class Model(Loaded):
    """What is loaded, with two more pipelines on its weights: from a picture, and in a mask."""

    from_picture: Any
    inside_mask: Any


def setup(place: Place, device: Device, options: dict[str, Any]) -> Model:
    """Load the pipeline onto the device."""
    number = _tuning.number_format(device, options)
    pipeline = ZImagePipeline.from_pretrained(place.source, dtype=number, **place.options())
    _tuning.place_on(pipeline, device, options)
    where = pipeline._execution_device
    linear = _fitting.linear_map(
        place,
        lambda picture: encoded(pipeline.vae, picture, where),
        pipeline.vae_scale_factor,
    )
    from_picture = _tuning.sibling(ZImageImg2ImgPipeline, pipeline)
    inside_mask = _tuning.sibling(ZImageInpaintPipeline, pipeline)
    return Model(
        pipeline=pipeline,
        from_picture=from_picture,
        inside_mask=inside_mask,
        linear=linear,
        loras=Loras(pipeline),
    )


def run(model: Model, job: Job, given: Given, on_step: Callable[[Step], None]) -> Undecoded:
    """Denoise the job's picture; on_step is called after every denoising step and may raise."""
    steps, guidance = _painting.numbers(job, DEFAULT_STEPS, DEFAULT_GUIDANCE)
    width, height = _painting.size(job, model.pipeline.vae_scale_factor * 2)
    pipeline, start = started(model, job, given, (width, height), steps)
    own, pipeline.scheduler = pipeline.scheduler, _schedulers.adjusted(job, pipeline.scheduler)
    try:
        result = pipeline(
            output_type="latent",
            width=width,
            height=height,
            num_inference_steps=steps,
            guidance_scale=guidance,
            callback_on_step_end=watching(on_step, model.linear),
            **start,
            **read(model, job, guidance > 0, model.loras.use(given.loras)),
        )
    finally:
        pipeline.scheduler = own
    return undecoded(model, result.images, unscaled, finishing(start))


def started(
    model: Model, job: Job, given: Given, size: tuple[int, int], steps: int
) -> tuple[Any, dict[str, Any]]:
    """The pipeline for what was given, and what it starts from."""
    chance = generator(job.seed)
    if not given.images:
        factor = model.pipeline.vae_scale_factor
        channels = model.pipeline.transformer.config.in_channels
        shape = (1, channels, size[1] // factor, size[0] // factor)
        drawn = noise(job, shape, chance, torch.float32)
        return model.pipeline, {"generator": chance, "latents": drawn}
    usual = _painting.STRENGTH_INSIDE_MASK if given.mask else _painting.STRENGTH
    start: dict[str, Any] = {
        "generator": chance,
        "image": fitted(given.images[0], *size),
        # At least one step is made.
        "strength": min(1.0, max(given.strength(usual), 1.001 / steps)),
    }
    if given.mask:
        return model.inside_mask, start | {"mask_image": fitted(given.mask, *size)}
    return model.from_picture, start


def finishing(start: dict[str, Any]) -> Callable[[Image.Image], Image.Image]:
    """What is done to the decoded picture: outside a mask the given one stays."""
    if "mask_image" not in start:
        return lambda made: made
    return lambda made: pasted(made, start["image"], start["mask_image"])


def unscaled(vae: Any, latents: torch.Tensor) -> torch.Tensor:
    """From the scale that the model denoises to the autoencoder's own."""
    latents = latents.to(vae.dtype)
    return latents / vae.config.scaling_factor + vae.config.shift_factor


def read(model: Model, job: Job, guided: bool, adapters: Any) -> dict[str, Any]:
    """What the pipeline's call wants to know of the words."""
    positive, negative = model.memo.get(
        (job.prompt, job.negative_prompt, guided, adapters),
        lambda: model.pipeline.encode_prompt(
            job.prompt,
            do_classifier_free_guidance=guided,
            negative_prompt=job.negative_prompt or None,
        ),
    )
    return {"prompt_embeds": positive, "negative_prompt_embeds": negative if guided else None}
