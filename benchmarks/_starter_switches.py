"""What each switch of a preset's options gains on a processor with the starter models: seconds of
the plain job over those with the switch, in turns, and how far the result is from the plain one.
Not for models that need a GPU: see _switches.py.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from benchmarks._report import FEWEST_SAMPLES, median, report
from workers.gpu.device import cpu_likes_half
from workers.gpu.engine import Engine
from workers.gpu.job import Job
from workers.gpu.references import NOTHING

SWITCHES: dict[str, dict[str, Any]] = {
    "channels_last": {"channels_last": True},
    "compile": {"compile": True},
    "recorded": {"recorded": True},
    "dtype bfloat16": {"dtype": "bfloat16"},
    "vae_tiling": {"vae_tiling": True},
    "first_block_cache 0.05": {"first_block_cache": 0.05},
}
FOR_CLIPS = {"first_block_cache 0.05"}
GOALS = {"vae_tiling": ">= 0.9"}  # it is there for memory; all else, for time


def measure(engine: Engine, jobs: list[Job]) -> None:
    """Measure and report every switch on a job of each kind."""
    for job in jobs:
        for name, options in SWITCHES.items():
            fits = job.content_type == "video" or name not in FOR_CLIPS
            if fits and ("dtype" not in options or cpu_likes_half()):
                compare(engine, job, name, options)


def compare(engine: Engine, job: Job, name: str, options: dict[str, Any]) -> None:
    """One switch beside the plain job, until there are steps enough."""
    plain, switched = with_options(job, {}), with_options(job, options)
    off = difference(made(engine, plain, []), made(engine, switched, []))
    seconds: dict[str, list[float]] = {"plain": [], "switched": []}
    steps: list[float] = []
    while len(steps) < FEWEST_SAMPLES:
        seconds["plain"].append(clocked(lambda: made(engine, plain, [])))
        seconds["switched"].append(clocked(lambda: made(engine, switched, steps)))
    before, after = (median(each) for each in seconds.values())
    report(
        f"{job.preset.slug}: {name}, over the plain job",
        value=before / after,
        unit="times",
        goal=GOALS.get(name, "> 1"),
        samples=steps,
        reference=f"plain {before:.2f} s on {engine.device.title}; {off}; samples: seconds a step",
    )


def with_options(job: Job, options: dict[str, Any]) -> Job:
    """The job with these options and no others."""
    return replace(job, preset=replace(job.preset, options=options))


def made(engine: Engine, job: Job, steps: list[float]) -> Any:
    """The job's result as numbers, the seconds of its steps noted."""
    import numpy

    engine.load(job.preset)
    began = [time.perf_counter()]

    def on_step(_: Any) -> None:
        now = time.perf_counter()
        steps.append(now - began[0])
        began[0] = now

    result = engine.decoded(job, engine.run(job, NOTHING, on_step))
    return numpy.asarray(getattr(result, "frames", result)).astype(int)


def difference(one: Any, other: Any) -> str:
    """How far two results are from each other, of 255."""
    off = abs(one - other)
    equal = 100 * (off == 0).mean()
    return f"up to {off.max()}/255 off, {off.mean():.2f} on average, {equal:.1f} % equal"


def clocked(call: Callable[[], Any]) -> float:
    """Seconds that a call takes."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began
