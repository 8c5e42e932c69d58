"""One claimed job from start to end: load, denoise, encode, upload, and the answer to the server.

Every way a job can end leaves here as a `job-callback` body. Not for which job comes next.
"""

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from PIL import Image

from . import outputs
from .client import Client
from .engine import Engine
from .errors import Canceled, HandedBack, JobError, understood
from .job import Job, Target
from .progress import Reports, Step
from .state import State

log = logging.getLogger(__name__)


class Making:
    """Makes one job; `timings` are seconds by stage."""

    def __init__(
        self, job: Job, engine: Engine, client: Client, state: State, stop_seconds: float
    ) -> None:
        self.job, self.engine, self.client, self.state = job, engine, client, state
        self.stop_seconds = stop_seconds
        self.timings: dict[str, float] = {}
        self.first_step_at = self.last_step_at = 0.0

    def outcome(self) -> dict[str, Any]:
        """Make the job, whatever happens; the body of its callback."""
        try:
            ending = {"status": "succeeded", "output": self.make()}
        except Canceled:
            ending = {"status": "canceled"}
        except Exception as problem:
            error = understood(problem)
            log.warning("Job %s failed: %s", self.job.id, error, exc_info=not error.params)
            ending = {"status": "failed", "error": error.as_dict()}
        identity = {"job_id": self.job.id, "attempt": self.job.attempt}
        return identity | ending | {"timings": rounded(self.timings)}

    def make(self) -> dict[str, Any]:
        """The `output` object of a job that succeeds; raises what stands in the way."""
        with self.timed("load"):
            self.engine.load(self.job.preset)
        self.state.loaded_preset = self.job.preset.slug
        image = self.picture()
        with self.timed("encode"):
            file = outputs.picture(image, self.job)
            described = outputs.described(file, image, self.job)
        with self.timed("upload"):
            self.upload(file, image)
        return described

    def picture(self) -> Image.Image:
        """Denoise and decode, reporting each step."""
        began = time.monotonic()
        with Reports(self.client, self.job, self.state) as reports:
            image = self.engine.run(self.job, self.watched(reports.step, began))
        done = time.monotonic()
        self.timings |= {"denoise": self.last_step_at - began, "decode": done - self.last_step_at}
        return image

    def watched(self, report: Callable[[Step], None], began: float) -> Callable[[Step], None]:
        """What a family calls after each step: reports it, and stops a job that nobody wants."""
        self.last_step_at = began

        def on_step(step: Step) -> None:
            self.last_step_at = time.monotonic()
            report(step)
            if self.job.id in self.state.canceled:
                raise Canceled
            left = (self.last_step_at - began) / step.number * (step.of - step.number)
            if self.state.stopping and left > self.stop_seconds - self.state.stopped_for():
                raise HandedBack

        return on_step

    def upload(self, file: outputs.Output, image: Image.Image) -> None:
        """Send the picture, and its thumbnail meanwhile."""
        with ThreadPoolExecutor(1, "upload") as pool:
            original = pool.submit(self.send, self.job.upload, file)
            self.send_thumbnail(image)
            original.result()

    def send_thumbnail(self, image: Image.Image) -> None:
        """Send the thumbnail; where that fails, the server makes one."""
        if not self.job.thumbnail_upload:
            return
        try:
            self.send(self.job.thumbnail_upload, outputs.thumbnail(image))
        except JobError as error:
            log.warning("Job %s: the thumbnail was not stored: %s", self.job.id, error)

    def send(self, target: Target, file: outputs.Output) -> None:
        """Upload one file."""
        self.client.upload(target, file.file, file.mime_type, file.sha256)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Note how long a stage took, even when it failed."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.timings[stage] = time.monotonic() - began


def rounded(timings: dict[str, float]) -> dict[str, float]:
    """Seconds to a tenth of a millisecond: more digits mean nothing."""
    return {stage: round(seconds, 4) for stage, seconds in timings.items()}
