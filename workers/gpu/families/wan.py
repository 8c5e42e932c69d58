"""Wan 2.1 and 2.2, and everything in their shape, the starter model too: words, a first picture, or
the end of another video to a clip.

A model of Wan 2.2's small kind (expand_timesteps) does all three with the same weights; of the
others each does what it was trained for. Not for files: a Clip is pixels.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy
import torch
from diffusers import DiffusionPipeline, WanImageToVideoPipeline, WanPipeline
from PIL import Image

from ..clips import Clip
from ..decoding import Undecoded
from ..device import Device
from ..errors import JobError
from ..job import Job, bad_parameter
from ..progress import Step
from ..references import Given
from ..sources import Place
from ..videos import last_frame
from . import _fitting, _painting, _schedulers, _tuning
from ._autoencoder import decoded, normal
from ._loaded import Loaded
from ._loras import Loras
from ._starting import fitted, generator, noise
from ._steps import watching

DEFAULT_STEPS, DEFAULT_GUIDANCE = 30, 5.0
DEFAULT_FRAMES, MOST_FRAMES, DEFAULT_FPS = 81, 1025, 16.0


@dataclass(slots=True, kw_only=True)
class Model(Loaded):
    """What is loaded, with the pipelines on its weights that start from words and from a picture
    (None where the weights cannot)."""

    from_words: Any
    from_picture: Any


def setup(place: Place, device: Device, options: dict[str, Any]) -> Model:
    """Load the pipeline onto the device, its autoencoder in full precision: colours need it."""
    number = _tuning.number_format(device, options)
    formats = {"vae": torch.float32, "default": number}
    pipeline = DiffusionPipeline.from_pretrained(place.source, dtype=formats, **place.options())
    if not isinstance(pipeline, (WanPipeline, WanImageToVideoPipeline)):
        raise TypeError(f"{type(pipeline).__name__} is not a pipeline of this family")
    _tuning.place_on(pipeline, device, options)
    linear = _fitting.linear_map(
        place, lambda picture: encoded(pipeline, picture), pipeline.vae_scale_factor_spatial
    )
    from_words, from_picture = both(pipeline)
    return Model(
        pipeline=pipeline,
        from_words=from_words,
        from_picture=from_picture,
        linear=linear,
        loras=Loras(pipeline),
    )


def both(pipeline: Any) -> tuple[Any, Any]:
    """The pipelines that start from words and from a picture; None for what the weights lack."""
    channels = (pipeline.transformer or pipeline.transformer_2).config.in_channels
    plain = channels == pipeline.vae.config.z_dim
    pictures = pipeline.config.expand_timesteps or not plain
    return (
        _tuning.sibling(WanPipeline, pipeline) if plain else None,
        _tuning.sibling(WanImageToVideoPipeline, pipeline) if pictures else None,
    )


def encoded(pipeline: Any, picture: torch.Tensor) -> torch.Tensor:
    """A picture as the latents of one frame, in the scale that the model denoises."""
    vae, where = pipeline.vae, pipeline._execution_device
    latents = vae.encode(picture.unsqueeze(2).to(where, vae.dtype)).latent_dist.mode()[:, :, 0]
    mean, spread = normal(vae, latents)
    return (latents - mean) / spread


def run(model: Model, job: Job, given: Given, on_step: Callable[[Step], None]) -> Undecoded:
    """Denoise the job's clip; on_step is called after every denoising step and may raise."""
    steps, guidance = _painting.numbers(job, DEFAULT_STEPS, DEFAULT_GUIDANCE)
    width, height = size(model, job)
    frames, fps = length(model, job), job.real("fps", DEFAULT_FPS, 1, 120)
    start = first_frame(given)
    pipeline = model.from_picture if start else model.from_words
    if pipeline is None:
        raise bad_parameter("image", "this model cannot start from one") if start else needed()
    own, pipeline.scheduler = pipeline.scheduler, _schedulers.adjusted(job, pipeline.scheduler)
    chance = generator(job.seed)
    try:
        result = pipeline(
            output_type="latent",
            **({"image": fitted(start, width, height)} if start else {}),
            width=width,
            height=height,
            num_frames=frames,
            num_inference_steps=steps,
            guidance_scale=guidance,
            generator=chance,
            latents=noise(job, shape(model, width, height, frames), chance, torch.float32),
            callback_on_step_end=watching(on_step, model.linear, middle),
            **words(model, job, guidance, model.loras.use(given.loras)),
        )
    finally:
        pipeline.scheduler = own
    return Undecoded(model, lambda: clip(pipeline, result.frames, fps))


def clip(pipeline: Any, latents: torch.Tensor, fps: float) -> Clip:
    """Decode latents (1, channels, latent frames, height, width)."""
    vae = pipeline.vae
    latents = latents.to(vae.dtype)
    mean, spread = normal(vae, latents)
    video = decoded(vae, latents / (1.0 / spread) + mean)
    frames = pipeline.video_processor.postprocess_video(video, output_type="np")
    return Clip((frames[0] * 255).round().astype(numpy.uint8), fps)


def first_frame(given: Given) -> Image.Image | None:
    """What the clip begins with: the person's picture, or where the person's video ends."""
    if given.images:
        return given.images[0]
    return last_frame(given.video) if given.video else None


def needed() -> JobError:
    """The failure of a job without the picture that its model starts from."""
    return JobError("reference_needed")


def words(model: Model, job: Job, guidance: float, adapters: Any) -> dict[str, Any]:
    """What the pipeline's call wants to know of the words."""
    pipeline, guided = model.pipeline, guidance > 1
    key = (job.prompt, job.negative_prompt if guided else "", guided, adapters)
    positive, negative = model.memo.get(
        key,
        lambda: pipeline.encode_prompt(
            job.prompt,
            job.negative_prompt or None,
            do_classifier_free_guidance=guided,
            max_sequence_length=512,
        ),
    )
    return {"prompt_embeds": positive, "negative_prompt_embeds": negative}


def size(model: Model, job: Job) -> tuple[int, int]:
    """Width and height in pixels."""
    pipeline = model.pipeline
    patch = (pipeline.transformer or pipeline.transformer_2).config.patch_size[1]
    multiple = max(16, pipeline.vae_scale_factor_spatial * patch)
    return _painting.size(job, multiple, default=multiple * 15)


def length(model: Model, job: Job) -> int:
    """How many frames: one more than a multiple of what a latent frame holds."""
    frames = job.whole("frames", DEFAULT_FRAMES, 1, MOST_FRAMES)
    if (frames - 1) % model.pipeline.vae_scale_factor_temporal:
        raise bad_parameter("frames", frames)
    return frames


def shape(model: Model, width: int, height: int, frames: int) -> tuple[int, ...]:
    """Of the latents: (1, channels, latent frames, height, width)."""
    pipeline = model.pipeline
    count = (frames - 1) // pipeline.vae_scale_factor_temporal + 1
    across = pipeline.vae_scale_factor_spatial
    return 1, pipeline.vae.config.z_dim, count, height // across, width // across


def middle(latents: torch.Tensor) -> torch.Tensor:
    """The frame in the middle of a clip's latents."""
    return latents[:, :, latents.shape[2] // 2]
