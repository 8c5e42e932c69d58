"""Tells the server every few seconds that this process lives, and hears what it should stop.

Not for progress: see progress.py.
"""

import logging
import threading

from .client import Client, ServerError
from .state import State

log = logging.getLogger(__name__)


class Heart:
    """A thread that beats until told to stop. One beat may be lost: the lease outlives several."""

    def __init__(self, client: Client, state: State, seconds: float) -> None:
        self.client, self.state, self.seconds = client, state, seconds
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.run, name="heart", daemon=True)

    def start(self) -> None:
        """Beat at once, then at the server's interval."""
        self.thread.start()

    def stop(self) -> None:
        """Beat once more, so that the server knows that we go, then no more."""
        self.stopped.set()
        self.thread.join()
        self.beat()

    def run(self) -> None:
        """Beat, wait, beat."""
        self.beat()
        while not self.stopped.wait(self.seconds):
            self.beat()

    def beat(self) -> None:
        """One heartbeat; its answer drains us or cancels the job in hand."""
        try:
            answer = self.client.heartbeat(self.body())
        except ServerError as error:
            log.warning("The server did not take a heartbeat: %s", error)
            self.state.heed(error.status)
            return
        self.state.draining = bool(answer.get("drain"))
        self.state.canceled.update(answer.get("cancel") or [])

    def body(self) -> dict[str, object]:
        """What we are doing right now."""
        return {
            "status": self.status(),
            "loaded_preset": self.state.loaded_preset,
            "current_job_id": self.state.current_job_id,
            "job_ids": list(self.state.jobs),
        }

    def status(self) -> str:
        """stopping, busy or idle."""
        if self.state.stopping:
            return "stopping"
        return "busy" if self.state.jobs else "idle"
