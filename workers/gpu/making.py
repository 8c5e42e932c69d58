"""The first half of a claimed job: fetch what it refers to, load, denoise, decode. Every way in
which this can end leaves here as an Ending. Not for the second half: see shipping.py.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from .client import Client
from .clips import Clip
from .config import Config
from .engine import Engine
from .errors import Canceled, HandedBack, JobError, understood
from .job import Job
from .progress import Reports, Step
from .references import Given, gather
from .state import State

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Ending:
    """What became of a job: a picture or a clip, or why there is none (both None: canceled)."""

    job: Job
    result: Image.Image | Clip | None = None
    error: JobError | None = None
    timings: dict[str, float] = field(default_factory=dict)  # seconds by stage

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Note how long a stage took, even when it failed."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.timings[stage] = time.monotonic() - began

    def failed(self, problem: Exception) -> None:
        """Note why there is no result."""
        self.result, self.error = None, understood(problem)
        quiet = bool(self.error.params) or self.error is problem
        log.warning("Job %s failed: %s", self.job.id, self.error, exc_info=not quiet)


class Making:
    """Makes one job, on the thread that owns the device."""

    def __init__(
        self, job: Job, engine: Engine, client: Client, state: State, config: Config
    ) -> None:
        self.job, self.engine, self.client, self.state = job, engine, client, state
        self.config = config
        self.made = Ending(job)
        self.last_step_at = 0.0

    def ending(self) -> Ending:
        """Make the job, whatever happens."""
        try:
            self.made.result = self.make()
        except Canceled:
            pass
        except Exception as problem:
            self.made.failed(problem)
        return self.made

    def make(self) -> Image.Image | Clip:
        """The result of a job that succeeds; raises what stands in the way."""
        with self.made.timed("fetch"):
            given = gather(self.job, self.client, self.config.places)
        with self.made.timed("load"):
            self.engine.load(self.job.preset)
        self.state.loaded_preset = self.job.preset.slug
        return self.denoised(given)

    def denoised(self, given: Given) -> Image.Image | Clip:
        """Denoise and decode, reporting each step."""
        began = time.monotonic()
        with Reports(self.client, self.job, self.state) as reports:
            result = self.engine.run(self.job, given, self.watched(reports.step, began))
        done = time.monotonic()
        denoise, decode = self.last_step_at - began, done - self.last_step_at
        self.made.timings |= {"denoise": denoise, "decode": decode}
        return result

    def watched(self, report: Callable[[Step], Any], began: float) -> Callable[[Step], None]:
        """What a family calls after each step: reports it, and stops a job that nobody wants."""
        self.last_step_at = began

        def on_step(step: Step) -> None:
            self.last_step_at = time.monotonic()
            report(step)
            if self.job.id in self.state.canceled:
                raise Canceled
            left = (self.last_step_at - began) / step.number * (step.of - step.number)
            if self.state.stopping and left > self.config.stop_seconds - self.state.stopped_for():
                raise HandedBack

        return on_step
