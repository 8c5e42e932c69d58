"""The first half of a claimed job: fetch what it refers to, load, denoise, have it decoded. Every
way in which this can end leaves here as an Ending. Not for the second half: see shipping.py.
"""

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from .client import Client
from .config import Config
from .decoding import Result, Undecoded
from .engine import Engine
from .errors import Canceled, HandedBack, JobError, understood
from .job import Job
from .progress import INTERVAL, Reports, Step
from .references import NOTHING, gather
from .state import State

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Ending:
    """What became of a job: a picture or a clip, perhaps still `coming`, or why there is none
    (nothing of it: canceled)."""

    job: Job
    result: Result | None = None
    coming: Future[Result] | None = None
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

    def arrived(self) -> None:
        """Wait for what is still coming."""
        if self.coming:
            try:
                self.result = self.coming.result()
            except Exception as problem:
                self.failed(problem)
            self.coming = None

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
            made = self.denoised()
        except Canceled:
            return
        except Exception as problem:
            self.made.failed(problem)
            return
        self.decode(made)

    def decode(self, made: Undecoded | Result) -> None:
        """Have the picture or the clip made of it, now or meanwhile."""
        try:
            self.engine.decoding.take(self.made, made)
        except Exception as problem:
            self.made.failed(problem)

    def load(self) -> None:
        """Have the model in memory."""
        with self.made.timed("load"):
            self.engine.load(self.job.preset)
        self.state.loaded_preset = self.job.preset.slug

    def denoised(self) -> Undecoded | Result:
        """Denoise, reporting each step."""
        began = time.monotonic()
        with self.reports(INTERVAL) as reports:
            result = self.engine.run(self.job, self.given, self.watched(reports.step, began))
        self.clock(began)
        return result

    def reports(self, interval: float) -> Reports:
        """Sends the job's steps to the server."""
        return Reports(self.client, self.job, self.state, interval)

    def clock(self, began: float, jobs: int = 1) -> None:
        """Note how long denoising took, now that it is over; of what was made together, each job
        took only its part."""
        self.made.timings["denoise"] = (time.monotonic() - began) / jobs

    def watched(self, report: Callable[[Step], Any], began: float) -> Callable[[Step], None]:
        """What a family calls after each step: reports it, and stops a job that nobody wants."""

        def on_step(step: Step) -> None:
            spent = time.monotonic() - began
            report(step)
            if self.job.id in self.state.canceled:
                raise Canceled
            left = spent / step.number * (step.of - step.number)
            if self.state.stopping and left > self.config.stop_seconds - self.state.stopped_for():
                raise HandedBack

        return on_step
