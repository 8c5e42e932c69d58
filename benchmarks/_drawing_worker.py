"""The GPU process with everything real but the model: it draws noise instead, so that a machine
without a GPU can kill and start it by the dozen. Not for pictures, and not for speed.
Run like the real one: python -m benchmarks._drawing_worker
"""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import numpy
from PIL import Image

from benchmarks._noop_worker import Nothing
from workers.gpu.__main__ import main
from workers.gpu.clips import Clip
from workers.gpu.job import Job
from workers.gpu.progress import Step

STEP_SECONDS = float(os.environ.get("DRAWING_STEP_SECONDS", "0.02"))


class Drawing(Nothing):
    """An engine that needs no torch: a step is a pause."""

    def run(self, job: Job, given: Any, on_step: Callable[[Step], None]) -> Image.Image | Clip:
        _take_steps(job, [on_step])
        return self._drawn(job)

    def run_many(
        self, jobs: Sequence[Job], loras: Any, on_steps: Sequence[Callable[[Step], None]]
    ) -> list[Any]:
        _take_steps(jobs[0], on_steps)
        return [self._drawn(job) for job in jobs]

    def _drawn(self, job: Job) -> Image.Image | Clip:
        frames = job.parameters.get("frames", 1)
        shape = (frames, job.parameters["height"], job.parameters["width"], 3)
        noise = Random(job.seed).randbytes(math.prod(shape))
        pixels = numpy.frombuffer(noise, numpy.uint8).reshape(shape)
        is_video = job.content_type == "video"
        return Clip(pixels, job.parameters["fps"]) if is_video else Image.fromarray(pixels[0])


def _take_steps(job: Job, on_steps: Sequence[Callable[[Step], None]]) -> None:
    steps = job.parameters["steps"]
    for number in range(1, steps + 1):
        time.sleep(STEP_SECONDS)
        for on_step in on_steps:
            on_step(Step(number, steps))


if __name__ == "__main__":
    sys.exit(main(Drawing))
