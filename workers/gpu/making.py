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
from .progress import INTERVAL, Reports, Step
from .references import NOTHING, gather
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
        self.made, self.given = Ending(job), NOTHING
        self.last_step_at = 0.0

    def prepared(self) -> bool:
        """Fetch and check what the job refers to; False when it has failed already."""
        try:
            with self.made.timed("fetch"):
                self.given = gather(self.job, self.client, self.config.places)
        except Exception as problem:
            self.made.failed(problem)
            return False
        return True

    def finish(self) -> None:
        """Make the job, whatever happens."""
        try:
            self.load()
            self.made.result = self.denoised()
        except Canceled:
            pass
        except Exception as problem:
            self.made.failed(problem)

    def load(self) -> None:
        """Have the model in memory."""
        with self.made.timed("load"):
            self.engine.load(self.job.preset)
        self.state.loaded_preset = self.job.preset.slug

    def denoised(self) -> Image.Image | Clip:
        """Denoise and decode, reporting each step."""
        began = time.monotonic()
        with self.reports(INTERVAL) as reports:
            result = self.engine.run(self.job, self.given, self.watched(reports.step, began))
        self.clock(began)
        return result

    def reports(self, interval: float) -> Reports:
        """Sends the job's steps to the server."""
        return Reports(self.client, self.job, self.state, interval)

    def clock(self, began: float) -> None:
        """Note how long the two stages of making took, now that they are over."""
        denoise, decode = self.last_step_at - began, time.monotonic() - self.last_step_at
        self.made.timings |= {"denoise": denoise, "decode": decode}

    def share(self, jobs: int) -> None:
        """What was made together took each of its jobs only its part of the time."""
        for stage in ("denoise", "decode"):
            self.made.timings[stage] /= jobs

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
