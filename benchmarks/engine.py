"""What the engine adds to, and saves from, the plain call of a pipeline, in the same process and in
turns; how long each preset takes that is on this machine, how long a large model takes to load,
what each switch gains, and decoding beside the next job: on a GPU at full size, on a processor with
the starter models. No server: see flow.py for that.
Run: python -m benchmarks.engine [device] [plain] [presets] [cold] [switches] [beside]
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import django
from PIL import Image

from benchmarks import _beside, _cold_start, _starter_switches, _switches
from benchmarks._report import FEWEST_SAMPLES, median, report
from workers.gpu.config import ROOT
from workers.gpu.device import describe
from workers.gpu.engine import Engine
from workers.gpu.errors import JobError
from workers.gpu.job import Job, Preset, Target
from workers.gpu.progress import INTERVAL, Reports, Step
from workers.gpu.references import NOTHING, Given
from workers.gpu.sources import place
from workers.gpu.state import State

PRESETS = ROOT / "jobs" / "presets.toml"
PRESET, CLIPS = "starter-fast", "starter-video"
PARTS = ("plain", "presets", "cold", "switches", "beside")
QUEUE, ROUNDS = 16, 2
STARTER = (256, 256)  # pixels of a picture that is enlarged
MOST_SHOWN = 4  # pictures whose previews are measured: of ten steps each
WORDS = ("castle", "fox", "car", "tree", "rocket", "apple", "boat", "cat")
PLACES = ("in the snow", "on the beach")


class Nobody:
    """Takes reports of progress to no server."""

    def progress(self, _: dict[str, Any]) -> bool:
        """Go on."""
        return False


def main(wanted: str, parts: tuple[str, ...]) -> None:
    """Measure and report the parts."""
    engine = Engine(describe(wanted), 0, ROOT / "var" / "models")
    engine.prepare()
    presets = {each["slug"]: each for each in declared()}
    if "plain" in parts:
        beside_plain(engine, presets[PRESET])
    if "presets" in parts:
        for each in presets.values():
            latency(engine, each)
    engine.drop()
    if "cold" in parts:
        _cold_start.measure(engine)
    few = [next(queue(presets[slug])) for slug in (PRESET, CLIPS)]
    if "beside" in parts:
        _beside.measure(engine, few)
        engine.drop()
    if "switches" in parts and engine.device.kind == "cuda":
        _switches.measure(engine.device)
    elif "switches" in parts:
        _starter_switches.measure(engine, few)


def beside_plain(engine: Engine, preset: dict[str, Any]) -> None:
    """The engine beside the plain calls of the same pipeline."""
    jobs = [job for job, _ in zip(queue(preset), range(QUEUE), strict=False)]
    engine.load(jobs[0].preset)
    orchestration(engine, jobs)
    throughput(engine, jobs)
    previews(engine, jobs)


def declared() -> list[dict[str, Any]]:
    """The presets as they come with the program."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ourvidz.settings")
    django.setup()
    from jobs.preset_file import read_presets

    return read_presets(PRESETS)


def queue(preset: dict[str, Any]) -> Iterator[Job]:
    """Jobs for a preset as people queue them: other words, other seeds."""
    given = {each["name"]: each["default"] for each in preset["parameters"]}
    negative = given.pop("negative_prompt", "")
    known = Preset(preset["slug"], preset["family"], preset["source"], preset.get("revision", ""))
    known = replace(known, options=preset.get("options", {}))
    number = 0
    while True:
        words = f"a {WORDS[number % len(WORDS)]} {PLACES[number // len(WORDS) % len(PLACES)]}"
        yield Job(
            id=str(number),
            attempt=1,
            preset=known,
            content_type=preset["content_type"],
            prompt=words,
            negative_prompt=negative,
            parameters=given,
            seed=number,
            lease_seconds=60,
            mime_type="image/png",
            upload=Target("PUT", "/", {}),
            thumbnail_upload=None,
            settings={},
        )
        number += 1


def loaded_alone(engine: Engine, job: Job) -> Any:
    """A pipeline as diffusers loads it, without any switch."""
    from diffusers import StableDiffusionXLPipeline

    source = place(job.preset, engine.models).source
    pipeline = StableDiffusionXLPipeline.from_pretrained(source, add_watermarker=False)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline.to(engine.device.name)


def plain(pipeline: Any, job: Job) -> Any:
    """The same picture by a pipeline alone."""
    import torch

    return pipeline(
        prompt=job.prompt,
        width=job.parameters["width"],
        height=job.parameters["height"],
        num_inference_steps=job.parameters["steps"],
        guidance_scale=job.parameters["guidance"],
        generator=torch.Generator("cpu").manual_seed(job.seed),
    )


def ours(engine: Engine, job: Job, given: Given = NOTHING) -> Any:
    """One picture as a worker makes it: steps are reported, with previews, on another thread."""
    engine.load(job.preset)
    with Reports(Nobody(), job, State()) as reports:  # type: ignore[arg-type]
        return engine.decoded(job, engine.run(job, given, reports.step))


def orchestration(engine: Engine, jobs: list[Job]) -> None:
    """The engine's time for a picture beside the plain call's of the same pipeline, in turns."""
    [resident] = engine.residents.values()
    pipeline: Any = resident.model.pipeline
    ratios, raw = [], []
    for number in range(FEWEST_SAMPLES + 2):
        job = jobs[number % QUEUE]
        pair = clocked(lambda: plain(pipeline, job)), clocked(lambda: ours(engine, job))  # noqa: B023
        raw.append(pair[0])
        ratios.append(pair[1] / pair[0])
    report(
        "the engine's time for a picture, as a share of the plain call's",
        value=median(ratios[2:]),
        unit="times",
        goal="<= 1.02",
        samples=ratios[2:],
        reference=f"plain call {median(raw[2:]) * 1000:.0f} ms, in turns, on {engine.device.name}",
    )


def throughput(engine: Engine, jobs: list[Job]) -> None:
    """A queue made in batches beside plain calls one by one, of a pipeline without switches."""
    pipeline = loaded_alone(engine, jobs[0])
    rounds, samples = [], []
    batches(engine, jobs), plain(pipeline, jobs[0])
    for _ in range(ROUNDS):
        singly = [clocked(lambda: plain(pipeline, job)) for job in jobs]  # noqa: B023
        together = clocked(lambda: batches(engine, jobs))
        rounds.append(sum(singly) / together)
        samples += [each / (together / QUEUE) for each in singly]
    far = difference(engine, pipeline, jobs[: engine.at_once])
    report(
        f"pictures a second of {QUEUE}, {engine.at_once} at once, over plain calls one by one",
        value=median(rounds),
        unit="times",
        goal=">= 1.5",
        samples=samples,
        reference=f"same run on {engine.device.name}; {far}",
    )


def previews(engine: Engine, jobs: list[Job]) -> None:
    """What a preview takes beside the denoising that it shows: the steps of at least an interval,
    since no more are reported."""
    steps: list[float] = []
    shown: list[float] = []

    def on_step(step: Step) -> None:
        steps.append(time.perf_counter() - since[0])
        shown.append(clocked(step.preview))
        since[0] = time.perf_counter()

    for job in jobs[:MOST_SHOWN]:
        since = [time.perf_counter()]
        engine.run(job, NOTHING, on_step)
    shares = [each / max(INTERVAL, median(steps)) for each in shown]
    report(
        "a preview's time, as a share of the denoising that it shows",
        value=median(shares),
        unit="share",
        goal="<= 0.02",
        samples=shares,
        reference=f"one in {INTERVAL} s at most; a step takes {median(steps) * 1000:.0f} ms",
    )


def batches(engine: Engine, jobs: list[Job]) -> list[Any]:
    """The queue, several at once."""
    steps: list[Any] = []
    parts = [jobs[at : at + engine.at_once] for at in range(0, len(jobs), engine.at_once)]
    return [
        engine.decoded(job, made)
        for part in parts
        for job, made in zip(
            part, engine.run_many(part, (), [steps.append for _ in part]), strict=True
        )
    ]


def difference(engine: Engine, pipeline: Any, jobs: list[Job]) -> str:
    """How far a batch's pictures are from the same made singly, of 255."""
    import numpy

    alone = numpy.stack([numpy.asarray(plain(pipeline, job).images[0]) for job in jobs]).astype(int)
    together = numpy.stack([numpy.asarray(image) for image in batches(engine, jobs)])
    off = abs(alone - together)
    return f"channels differ by up to {off.max()}/255, {100 * (off == 0).mean():.3f} % are equal"


def latency(engine: Engine, preset: dict[str, Any]) -> None:
    """How long a result of a preset takes, where its model is here."""
    jobs = queue(preset)
    first, given = next(jobs), start(preset)
    if given is None or not engine_has(engine, first):
        return
    count = FEWEST_SAMPLES + 1
    samples = [clocked(lambda: ours(engine, next(jobs), given)) for _ in range(count)][1:]
    report(
        f"seconds for a result of {preset['slug']}",
        value=median(samples),
        unit="s",
        goal=f"<= {preset['expected_seconds']}",
        samples=samples,
        reference=f"what the preset promises; on {engine.device.name}",
    )


def start(preset: dict[str, Any]) -> Given | None:
    """What a preset's job starts from: words, or a picture to enlarge; None for another kind."""
    can = set(preset["capabilities"])
    if can & {"text_to_image", "text_to_video"}:
        return NOTHING
    return Given((Image.effect_noise(STARTER, 90).convert("RGB"),)) if "upscale" in can else None


def engine_has(engine: Engine, job: Job) -> bool:
    """True for models on this machine: nothing is fetched for a benchmark."""
    try:
        return engine.key(job.preset)[1].folder is not None
    except JobError:
        return False


def clocked(call: Callable[[], Any]) -> float:
    """Seconds that a call takes."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


if __name__ == "__main__":
    given = sys.argv[1:]
    chosen = tuple(part for part in PARTS if part in given) or PARTS
    main(next((each for each in given if each not in PARTS), "auto"), chosen)
