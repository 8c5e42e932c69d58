"""Takes jobs one after the other on one thread: rung by a doorbell, or by its own clock.

Whatever rings, the server decides which job comes next. While a job is made, the one before it is
encoded and sent on a second thread (shipping.py). Not for making a job, nor for the broker.
"""

import logging
import queue
import threading
from collections.abc import Callable, Sequence

from .batch import endings
from .client import Client, ServerError
from .config import Config
from .engine import Engine
from .job import Job
from .making import Making
from .shipping import Shipping
from .state import State

log = logging.getLogger(__name__)

WITH_DOORBELL = 15.0  # seconds between looks of our own, should a doorbell have been lost
AFTERWARDS = 0.05  # seconds until a claim waits again, where a doorbell is heard meanwhile


class Loop:
    """`run` is for the main thread, `ring` for any other, `stop` for a signal handler."""

    def __init__(self, config: Config, client: Client, engine: Engine, state: State) -> None:
        self.config, self.client, self.engine, self.state = config, client, engine, state
        # A SimpleQueue may be written in a signal handler; locks may not be taken there.
        self.bells: queue.SimpleQueue[threading.Event | None] = queue.SimpleQueue()
        self.shipping = Shipping(client, state)
        self.ended = threading.Event()

    def ring(self) -> None:
        """Have the server asked for jobs, and return when none is left (or we are told to stop).

        Waiting is the point: the message stays ours so long, and the broker rings others meanwhile.
        Where we wait in a claim, the server gives us what there is without being asked.
        """
        if self.client.waiting:
            return
        answered = threading.Event()
        self.bells.put(answered)
        while not answered.wait(1.0) and not self.ended.is_set():
            continue

    def stop(self) -> None:
        """Finish or hand back the job in hand, and take no other."""
        self.state.stop()
        self.bells.put(None)

    def run(self, poll_seconds: float) -> None:
        """Take jobs until told to stop."""
        rung: list[threading.Event] = []
        jobs: list[Job] = []
        while not self.state.stopping:
            self.work_until_idle(jobs)
            for bell in rung:
                bell.set()
            rung = self.next_bells(self.pause(poll_seconds))
            jobs = [] if rung or self.state.draining else self.given(self.client.await_jobs)
        self.shipping.close()
        self.engine.decoding.close()
        self.ended.set()

    def pause(self, poll_seconds: float) -> float:
        """Seconds until our own look. A claim that waits need not be put off, except for what was
        just made: it is being shown."""
        if self.state.draining or not self.client.waited:
            return poll_seconds
        return AFTERWARDS if self.config.broker_url else 0

    def next_bells(self, poll_seconds: float) -> list[threading.Event]:
        """Wait for a doorbell, or for the time of our own look; all bells that rang meanwhile."""
        bells: list[threading.Event | None] = []
        try:
            bells.append(self.bells.get(timeout=poll_seconds))
            while True:
                bells.append(self.bells.get_nowait())
        except queue.Empty:
            return [bell for bell in bells if bell]

    def work_until_idle(self, jobs: Sequence[Job] = ()) -> None:
        """Make these jobs, then claim and make more until the server has none for us."""
        # What came with a report is made even where no more is to be claimed.
        while not self.state.stopping and (jobs or not self.state.draining):
            jobs = jobs or self.given(self.client.claim)
            if not jobs:
                return
            jobs = self.work(jobs)
            if not jobs and not self.client.more:
                return  # the report's answer said so

    def given(self, ask: Callable[[int], list[Job]]) -> list[Job]:
        """Ask for jobs; none where nothing waits, or nobody answers."""
        try:
            return ask(self.engine.at_once)
        except ServerError as error:
            log.warning("No job could be claimed: %s", error)
            self.state.heed(error.status)
            return []

    def work(self, jobs: Sequence[Job]) -> list[Job]:
        """Make what was claimed and hand on how it ended; waits while what was made before is still
        being sent, and returns the jobs that its report has brought. Where nothing more waits for
        us, this is sent first: two things at once only hold each other up."""
        for job in jobs:
            log.info("Job %s: attempt %d with %s", job.id, job.attempt, job.preset.slug)
            self.state.begin(job.id)
        parts = (self.engine, self.client, self.state, self.config)
        made = endings([Making(job, *parts) for job in jobs])
        last = not self.client.more and self.bells.empty()
        return self.shipping.take(made, self.engine.at_once, last)
