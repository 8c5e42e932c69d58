"""What the threads of this process know of each other: stopping, draining, canceled jobs, the load.

Plain attributes without locks, since the signal handler sets them too: each is written by one
thread, or by single operations on a set or dict, which Python does whole.
"""

import time
from dataclasses import dataclass, field

REPLACED = 409  # what the server answers to an earlier process of a worker that has started anew


@dataclass(slots=True)
class State:
    """Shared by the loop, the heartbeat, the reports and the signal handler."""

    stopping_since: float | None = None  # time.monotonic() of the first signal
    draining: bool = False
    replaced: bool = False  # another process has come with our token
    loaded_preset: str = ""
    # The jobs in hand, the oldest first: what is being sent, then what is being made.
    jobs: dict[str, None] = field(default_factory=dict)
    canceled: set[str] = field(default_factory=set)

    @property
    def stopping(self) -> bool:
        """True once the process was told to stop: no new job is claimed."""
        return self.stopping_since is not None

    @property
    def current_job_id(self) -> str | None:
        """The job that was taken last, of those in hand."""
        return next(reversed(tuple(self.jobs)), None)

    def begin(self, job_id: str) -> None:
        """A job was taken: its lease must be kept from now on."""
        self.jobs[job_id] = None

    def end(self, job_id: str) -> None:
        """A job is reported, or given up."""
        self.jobs.pop(job_id, None)
        self.canceled.discard(job_id)

    def stop(self) -> None:
        """Remember when we were told to stop; safe in a signal handler."""
        self.stopping_since = self.stopping_since or time.monotonic()

    def heed(self, status: int) -> None:
        """Stop when the server's refusal of a claim or a heartbeat says that we are replaced."""
        if status == REPLACED:
            self.replaced = True
            self.stop()

    def stopped_for(self) -> float:
        """Seconds since we were told to stop, 0 when we were not."""
        return time.monotonic() - self.stopping_since if self.stopping_since else 0.0

    def sleep(self, seconds: float) -> None:
        """Sleep, but no longer than a moment once the process is told to stop."""
        end = time.monotonic() + seconds
        while not self.stopping and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, 0.2))
