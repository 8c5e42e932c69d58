"""Whether decoding a job beside the denoising of the next, or after its own, is sooner: the way
that the engine takes on this device, over the other way. On a GPU with pipelines of full size, on a
processor with the starter models. Not for what decoding alone takes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks import _giants
from benchmarks._report import median, report
from workers.gpu import device as devices
from workers.gpu.decoding import Decoding, Undecoded, may_overlap
from workers.gpu.engine import Engine
from workers.gpu.job import Job
from workers.gpu.making import Ending
from workers.gpu.references import NOTHING

ROUNDS, TOGETHER = 8, 4  # jobs one after the other in a round
FEW_STEPS = 4  # of a distilled model: there, decoding weighs most

Denoise = Callable[[], Any]


def measure(engine: Engine, jobs: list[Job]) -> None:
    """Measure and report the starter models' jobs, or the large pipelines on a GPU."""
    large = engine.device.kind == "cuda"
    for title, denoise in giants(engine.device) if large else starters(engine, jobs):
        compare(engine, jobs[0], title, denoise)


def starters(engine: Engine, jobs: list[Job]) -> Iterator[tuple[str, Denoise]]:
    """The starter models, as their presets have them."""
    for job in jobs:
        engine.load(job.preset)
        yield job.preset.slug, lambda: engine.run(job, NOTHING, lambda _: None)  # noqa: B023


def giants(device: devices.Device) -> Iterator[tuple[str, Denoise]]:
    """SDXL and Wan at full size, in few steps."""
    from workers.gpu.families import _autoencoder, _painting, wan
    from workers.gpu.families._loaded import Loaded

    def model(pipeline: Any) -> Loaded:
        return Loaded(pipeline=pipeline, linear=None, loras=None)  # type: ignore[arg-type]

    pictures = model(_giants.sdxl(device.name))
    told = _giants.sdxl_words(device.name, 1) | {"width": 1024, "height": 1024}
    told |= {"num_inference_steps": FEW_STEPS, "guidance_scale": 1.0, "output_type": "latent"}

    def picture() -> Undecoded:
        latents = pictures.pipeline(**told).images
        return _autoencoder.undecoded(pictures, latents, _painting.unscaled)

    yield f"SDXL 1024², {FEW_STEPS} steps", picture
    clips = model(_giants.wan(device.name))
    words = _giants.wan_words(device.name, 1) | {"width": 832, "height": 480, "num_frames": 81}
    words |= {"num_inference_steps": FEW_STEPS, "guidance_scale": 1.0, "output_type": "latent"}

    def clip() -> Undecoded:
        latents = clips.pipeline(**words).frames
        return Undecoded(clips, lambda: wan.clip(clips.pipeline, latents, 16.0))

    yield f"Wan 1.3B 480p, 81 frames, {FEW_STEPS} steps", clip


def compare(engine: Engine, job: Job, title: str, denoise: Denoise) -> None:
    """Both ways in turns, a few jobs each."""
    ours, ratios = may_overlap(engine.device), []
    samples: list[float] = []
    for beside in (True, False):
        seconds(engine, job, denoise, beside, [])
    for _ in range(ROUNDS):
        other = seconds(engine, job, denoise, not ours, [])
        ratios.append(other / seconds(engine, job, denoise, ours, samples))
    report(
        f"{title}: decoding {'beside' if ours else 'before'} the next job, over the other way",
        value=median(ratios),
        unit="times",
        goal=">= 0.95",  # not later by more than the clock is wrong
        samples=samples,
        reference=f"{TOGETHER} jobs at a time on {engine.device.title}; samples: seconds a job",
    )


def seconds(
    engine: Engine, job: Job, denoise: Denoise, beside: bool, samples: list[float]
) -> float:
    """How long a few jobs take one after the other, each of them noted."""
    decoding, began = Decoding(engine, beside), time.perf_counter()
    endings = [Ending(job) for _ in range(TOGETHER)]
    for ending in endings:
        since = time.perf_counter()
        decoding.take(ending, engine.computed(denoise))
        samples.append(time.perf_counter() - since)
    for ending in endings:
        ending.arrived()
    decoding.close()
    return time.perf_counter() - began
