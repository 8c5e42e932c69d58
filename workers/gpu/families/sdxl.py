"""Stable Diffusion XL and everything in its shape, the starter model too: words to a picture, a
picture to another, and a part of a picture painted anew.

Not for where weights lie or how long they stay in memory.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

import torch
from diffusers import StableDiffusionXLImg2ImgPipeline, StableDiffusionXLPipeline

from ..decoding import Undecoded
from ..device import Device
from ..job import Job
from ..loras import Lora
from ..previews import SDXL, LinearMap
from ..progress import Step
from ..references import Given
from ..sources import Place
from . import _painting, _prompts, _tuning
from ._loras import Loras
from ._painting import Model
from ._painting import batch as batch

OnStep = Callable[[Step], None]

DEFAULT_STEPS, DEFAULT_GUIDANCE = 20, 5.0


class ImageToImage(_painting.OwnNoise, StableDiffusionXLImg2ImgPipeline):
    """The picture-to-picture pipeline, with noise that we draw."""


def setup(place: Place, device: Device, options: dict[str, Any]) -> Model:
    """Load the pipeline onto the device."""
    pipeline = StableDiffusionXLPipeline.from_pretrained(
        place.source,
        dtype=_tuning.number_format(device, options),
        add_watermarker=False,
        **place.options(),
    )
    _tuning.place_on(pipeline, device, options)
    from_picture = _tuning.sibling(ImageToImage, pipeline, add_watermarker=False)
    linear, loras = linear_map(place), Loras(pipeline)
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
    size = _painting.size(job, model.pipeline.vae_scale_factor)
    steps, _ = _painting.numbers(job, DEFAULT_STEPS, DEFAULT_GUIDANCE)
    return _painting.Painting(model, size, steps)


def told(model: Model, job: Job, adapters: Any) -> _painting.Call:
    """What the pipeline's call wants to know of the job's words and guidance."""
    _, guidance = _painting.numbers(job, DEFAULT_STEPS, DEFAULT_GUIDANCE)
    words = (job.prompt, job.negative_prompt, guidance > 1)
    found = model.memo.get((*words, adapters), lambda: read(model.pipeline, *words))
    return {"guidance_scale": guidance, **found}


def read(pipeline: Any, prompt: str, negative: str, guided: bool) -> dict[str, torch.Tensor | None]:
    """What the pipeline's call wants to know of the words."""
    first = _prompts.Encoder(pipeline.tokenizer, pipeline.text_encoder, penultimate)
    second = _prompts.Encoder(pipeline.tokenizer_2, pipeline.text_encoder_2, penultimate)
    encoders = (first, second)
    if _prompts.plain(prompt, encoders) and _prompts.plain(negative, encoders):
        found = pipeline.encode_prompt(
            prompt, do_classifier_free_guidance=guided, negative_prompt=negative or None
        )
        return dict(zip(NAMES, found, strict=True))
    positive, against = _prompts.side_by_side(prompt, negative, encoders)
    if not negative and pipeline.config.force_zeros_for_empty_prompt:
        against = [torch.zeros_like(each) for each in against]
    if not guided:
        against = [None, None]
    return dict(zip(NAMES, (positive[0], against[0], positive[1], against[1]), strict=True))


NAMES = (
    "prompt_embeds",
    "negative_prompt_embeds",
    "pooled_prompt_embeds",
    "negative_pooled_prompt_embeds",
)


def penultimate(output: Any) -> torch.Tensor:
    """The layer before the last: what this model was trained on."""
    return output.hidden_states[-2]


def linear_map(place: Place) -> LinearMap:
    """The map in the folder's words.json, else the one of SDXL's own autoencoder."""
    words = place.folder / "words.json" if place.folder else None
    if not words or not words.is_file():
        return SDXL
    given = json.loads(words.read_text(encoding="utf-8")).get("preview")
    return LinearMap(given["weight"], given["bias"]) if given else SDXL
