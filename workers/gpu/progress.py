"""Reports of a job's steps from a thread of their own: denoising never waits for the network.

The newest step wins: what could not be sent in time is left out. Not for the job's end.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

from .client import Client, ServerError
from .job import Job
from .state import State

log = logging.getLogger(__name__)

INTERVAL = 0.25  # seconds between two reports: at most four a second
SOON = 0.25  # seconds: what is made within them is there before a step could be looked at
# Of the time up to the first step, in which the words are read too: how much a step may need.
FIRST = 0.25


@dataclass(frozen=True, slots=True)
class Step:
    """A denoising step that is done, and how to make its preview (on the reporting thread)."""

    number: int
    of: int
    preview: Callable[[], str | None] = field(default=lambda: None)


class Reports:
    """A context around the making of one job."""

    def __init__(self, client: Client, job: Job, state: State, interval: float = INTERVAL) -> None:
        self.client, self.job, self.state, self.interval = client, job, state, interval
        self.latest: Step | None = None
        self.began = 0.0
        self.first: tuple[int, float] | None = None  # the first step's number and time
        self.news, self.closed = threading.Event(), False
        self.thread = threading.Thread(target=self.run, name="reports", daemon=True)

    def __enter__(self) -> Self:
        self.began = time.monotonic()
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        # Not joined: a report on its way is harmless, the server knows that the job has ended.
        self.closed = True
        self.news.set()

    def step(self, step: Step) -> None:
        """Hand a step over; returns at once. The last ones of a job are not reported: a report and
        its preview would only hold up what they announce."""
        self.latest = step
        if self.each(step.number) * (step.of - step.number) > SOON:
            self.news.set()

    def each(self, number: int) -> float:
        """Seconds that a step needs, as far as that is known after the one of this number."""
        now = time.monotonic()
        if self.first is None:
            self.first = number, now
            return FIRST * (now - self.began) / max(1, number)
        before, at = self.first
        return (now - at) / max(1, number - before)

    def run(self) -> None:
        """Send the newest step, then rest."""
        while self.news.wait() and not self.closed:
            self.news.clear()
            began = time.monotonic()
            if self.latest:
                self.send(self.latest)
            time.sleep(max(0.0, self.interval - (time.monotonic() - began)))

    def send(self, step: Step) -> None:
        """One report; whatever goes wrong with it, the job goes on."""
        try:
            if self.client.progress(self.body(step)):
                self.state.canceled.add(self.job.id)
        except ServerError as error:
            log.info("Job %s: a report was not taken: %s", self.job.id, error)

    def body(self, step: Step) -> dict[str, Any]:
        """The report as the protocol wants it; without a preview when none could be made."""
        body = {
            "job_id": self.job.id,
            "attempt": self.job.attempt,
            "step": step.number,
            "of": step.of,
        }
        try:
            preview = step.preview()
        except Exception:  # a preview is never worth a job
            log.exception("Job %s: no preview", self.job.id)
            preview = None
        return body | ({"preview": preview} if preview else {})
