"""The one way in which pipelines of Stable Diffusion's shape, small and XL, make a picture: from
noise, from another picture, or inside a mask. Not for reading prompts, nor for loading.
"""

import json
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image

from ..decoding import Undecoded
from ..job import Job, bad_parameter
from ..progress import Step
from ..references import Given
from . import _schedulers
from ._autoencoder import encoded, normal, undecoded
from ._loaded import Loaded
from ._starting import Repaint, fitted, generator, latent_mask, noise, pasted
from ._steps import side_by_side, watching

Call = dict[str, Any]  # what a pipeline's call is told of words and guidance

LARGEST_SIDE, MOST_STEPS = 4096, 1000  # of any preset; each declares its own, smaller
STRENGTH, STRENGTH_INSIDE_MASK = 0.6, 1.0  # where the job says nothing


@dataclass(slots=True)
class Start:
    """What a run from a picture begins with; `repaint` is known once the picture is encoded."""

    job: Job
    chance: torch.Generator
    mask: Image.Image | None
    repaint: Repaint | None = None


class OwnNoise:
    """For picture-to-picture pipelines: the noise is our own, and the encoded picture is kept."""

    start: Start

    def prepare_latents(
        self, image: torch.Tensor, timestep: torch.Tensor, *_: Any, **__: Any
    ) -> torch.Tensor:
        """The latents of the first step: the picture's, with as much noise as that step has."""
        clean = encoded(self.vae, image, self._execution_device)  # type: ignore[attr-defined]
        drawn = noise(self.start.job, tuple(clean.shape), self.start.chance, clean.dtype)
        drawn = drawn.to(clean.device)
        if self.start.mask:
            self.start.repaint = Repaint(latent_mask(self.start.mask, clean), clean, drawn)
        return self.scheduler.add_noise(clean, drawn, timestep[:1])  # type: ignore[attr-defined]


@dataclass(slots=True, kw_only=True)
class Model(Loaded):
    """What is loaded, with another pipeline of the same weights that starts from a picture."""

    from_picture: Any


@dataclass(frozen=True, slots=True)
class Painting:
    """A model, and how large and in how many steps it paints."""

    model: Model
    size: tuple[int, int]
    steps: int

    def make(
        self, job: Job, given: Given, on_step: Callable[[Step], None], call: Call
    ) -> Undecoded:
        """One picture; `call` is what the pipeline wants to know of words and guidance."""
        if not given.images:
            return self.paint([job], [on_step], [call])[0]
        with scheduled(self.model.from_picture, job):
            return self.repainted(job, given, on_step, call)

    def paint(
        self, jobs: Sequence[Job], on_steps: Sequence[Callable[[Step], None]], calls: Sequence[Call]
    ) -> list[Undecoded]:
        """Pictures from noise, in one batch: each with the noise of its own seed."""
        width, height = self.size
        pipeline, chances = self.model.pipeline, [generator(job.seed) for job in jobs]
        factor, number = pipeline.vae_scale_factor, calls[0]["prompt_embeds"].dtype
        shape = (1, pipeline.unet.config.in_channels, height // factor, width // factor)
        drawn = [
            noise(job, shape, chance, number) for job, chance in zip(jobs, chances, strict=True)
        ]
        watchers = [watching(on_step, self.model.linear) for on_step in on_steps]
        with scheduled(pipeline, jobs[0]):
            result = pipeline(
                output_type="latent",
                width=width,
                height=height,
                num_inference_steps=self.steps,
                generator=chances if len(jobs) > 1 else chances[0],
                latents=torch.cat(drawn),
                callback_on_step_end=side_by_side(watchers),
                **joined(calls),
            )
        return [undecoded(self.model, latents, unscaled) for latents in result.images.split(1)]

    def paint_all(
        self, jobs: Sequence[Job], on_steps: Sequence[Callable[[Step], None]], calls: Sequence[Call]
    ) -> list[Undecoded]:
        """Like paint, in as many batches as the prompts have different lengths."""
        found: dict[int, Undecoded] = {}
        lengths = [call["prompt_embeds"].shape[1] for call in calls]
        for length in dict.fromkeys(lengths):
            these = [number for number, each in enumerate(lengths) if each == length]
            made = self.paint(
                [jobs[number] for number in these],
                [on_steps[number] for number in these],
                [calls[number] for number in these],
            )
            found |= dict(zip(these, made, strict=True))
        return [found[number] for number in range(len(jobs))]

    def repainted(
        self, job: Job, given: Given, on_step: Callable[[Step], None], call: Call
    ) -> Undecoded:
        """A picture from another, all of it or what lies inside the mask."""
        first = fitted(given.image(), *self.size)
        mask = fitted(given.mask, *self.size) if given.mask else None
        start = Start(job, generator(job.seed), mask)
        pipeline = self.model.from_picture
        pipeline.start = start
        strength = given.strength(STRENGTH_INSIDE_MASK if mask else STRENGTH)
        result = pipeline(
            output_type="latent",
            image=first,
            # At least one step is made.
            strength=min(1.0, max(strength, 1.001 / self.steps)),
            num_inference_steps=self.steps,
            generator=start.chance,
            callback_on_step_end=watching(
                on_step, self.model.linear, repaint=lambda: start.repaint
            ),
            **call,
        )
        paste = (lambda made: pasted(made, first, mask)) if mask else (lambda made: made)
        return undecoded(self.model, result.images, unscaled, paste)


def unscaled(vae: Any, latents: torch.Tensor) -> torch.Tensor:
    """From the scale that the model denoises to the autoencoder's own."""
    mean, spread = normal(vae, latents)
    return latents * spread / vae.config.scaling_factor + mean


@contextmanager
def scheduled(pipeline: Any, job: Job) -> Iterator[None]:
    """While it lasts, the pipeline has the job's scheduler."""
    own = pipeline.scheduler
    pipeline.scheduler = _schedulers.chosen(job, own)
    try:
        yield
    finally:
        pipeline.scheduler = own


def joined(calls: Sequence[Call]) -> Call:
    """What several jobs say of their words, as one batch; the rest is the same for all."""
    first = calls[0]
    return {
        name: torch.cat([call[name] for call in calls]) if torch.is_tensor(value) else value
        for name, value in first.items()
    }


def batch(job: Job) -> Hashable:
    """Jobs of which this is the same can be painted together."""
    own = {"seed", "variation_seed", "variation_strength"}
    shared = {name: value for name, value in job.parameters.items() if name not in own}
    return job.preset.slug, json.dumps(shared, sort_keys=True, default=str)


def numbers(job: Job, steps: int, guidance: float) -> tuple[int, float]:
    """The job's steps and guidance; where a preset lets nobody choose, its options', or the
    family's."""
    steps = job.preset.options.get("steps", steps)
    guidance = job.preset.options.get("guidance", guidance)
    return job.whole("steps", steps, 1, MOST_STEPS), job.real("guidance", guidance, 0, 50)


def size(job: Job, multiple: int, default: int = 1024) -> tuple[int, int]:
    """Width and height in pixels."""
    return side(job, "width", multiple, default), side(job, "height", multiple, default)


def side(job: Job, name: str, multiple: int, default: int) -> int:
    """The width or height in pixels, a multiple of what the autoencoder needs."""
    pixels = job.whole(name, default, multiple, LARGEST_SIDE)
    if pixels % multiple:
        raise bad_parameter(name, pixels)
    return pixels
