"""Stable Diffusion 1.5 and everything in its shape, such as distilled models of one to eight steps
that suit a laptop: words to a picture, a picture to another, and a part painted anew.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from diffusers import StableDiffusionImg2ImgPipeline, StableDiffusionPipeline

from ..decoding import Undecoded
from ..device import Device
from ..job import Job
from ..loras import Lora
from ..progress import Step
from ..references import Given
from ..sources import Place
from . import _fitting, _painting, _prompts, _tuning
from ._autoencoder import encoded
from ._loras import Loras
from ._painting import Model
from ._painting import batch as batch

OnStep = Callable[[Step], None]

DEFAULT_STEPS, DEFAULT_GUIDANCE, DEFAULT_SIDE = 25, 7.5, 512


class ImageToImage(_painting.OwnNoise, StableDiffusionImg2ImgPipeline):
    """The picture-to-picture pipeline, with noise that we draw."""


def setup(place: Place, device: Device, options: dict[str, Any]) -> Model:
    """Load the pipeline onto the device. Who may make what is for the site to say: no checker."""
    pipeline = StableDiffusionPipeline.from_pretrained(
        place.source,
        dtype=_tuning.number_format(device, options),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
        **place.options(),
    )
    _tuning.place_on(pipeline, device, options)
    where = pipeline._execution_device
    linear = _fitting.linear_map(
        place,
        lambda picture: encoded(pipeline.vae, picture, where),
        pipeline.vae_scale_factor,
    )
    from_picture = _tuning.sibling(ImageToImage, pipeline)
    loras = Loras(pipeline)
    return Model(pipeline=pipeline, from_picture=from_picture, linear=linear, loras=loras)


def run(model: Model, job: Job, given: Given, on_step: OnStep) -> Undecoded:
    """Denoise the job's picture; on_step is called after every denoising step and may raise."""
    adapters = model.loras.use(given.loras)
    return painting(model, job).make(job, given, on_step, told(model, job, adapters))


def run_many(
    model: Model, jobs: Sequence[Job], loras: tuple[Lora, ...], on_steps: Sequence[OnStep]
) -> list[Undecoded]:
    """Denoise the pictures of jobs that may share a batch (see batch), from words alone."""
    adapters = model.loras.use(loras)
    calls = [told(model, job, adapters) for job in jobs]
    return painting(model, jobs[0]).paint_all(jobs, on_steps, calls)


def painting(model: Model, job: Job) -> _painting.Painting:
    """How large and in how many steps the job is painted."""
    size = _painting.size(job, model.pipeline.vae_scale_factor, DEFAULT_SIDE)
    steps, _ = _painting.numbers(job, DEFAULT_STEPS, DEFAULT_GUIDANCE)
    return _painting.Painting(model, size, steps)


def told(model: Model, job: Job, adapters: Any) -> _painting.Call:
    """What the pipeline's call wants to know of the job's words and guidance."""
    _, guidance = _painting.numbers(job, DEFAULT_STEPS, DEFAULT_GUIDANCE)
    words = (job.prompt, job.negative_prompt, guidance > 1)
    found = model.memo.get((*words, adapters), lambda: read(model.pipeline, *words))
    return {"guidance_scale": guidance, **found}


def read(pipeline: Any, prompt: str, negative: str, guided: bool) -> dict[str, Any]:
    """What the pipeline's call wants to know of the words."""
    encoder = _prompts.Encoder(pipeline.tokenizer, pipeline.text_encoder, last)
    if _prompts.plain(prompt, [encoder]) and _prompts.plain(negative, [encoder]):
        where = pipeline._execution_device
        positive, against = pipeline.encode_prompt(prompt, where, 1, guided, negative or None)
    else:
        (positive, _), (against, _) = _prompts.side_by_side(prompt, negative, [encoder])
    return {"prompt_embeds": positive, "negative_prompt_embeds": against if guided else None}


def last(output: Any) -> torch.Tensor:
    """The last layer: what this model was trained on."""
    return output.last_hidden_state
