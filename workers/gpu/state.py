"""What the threads of this process know of each other: stopping, draining, canceled jobs, the load.

Plain attributes, each written by one thread: the signal handler may set them without any lock.
"""

import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class State:
    """Shared by the loop, the heartbeat, the reports and the signal handler."""

    stopping_since: float | None = None  # time.monotonic() of the first signal
    draining: bool = False
    loaded_preset: str = ""
    current_job_id: str | None = None
    canceled: set[str] = field(default_factory=set)

    @property
    def stopping(self) -> bool:
        """True once the process was told to stop: no new job is claimed."""
        return self.stopping_since is not None

    def stop(self) -> None:
        """Remember when we were told to stop; safe in a signal handler."""
        self.stopping_since = self.stopping_since or time.monotonic()

    def stopped_for(self) -> float:
        """Seconds since we were told to stop, 0 when we were not."""
        return time.monotonic() - self.stopping_since if self.stopping_since else 0.0

    def sleep(self, seconds: float) -> None:
        """Sleep, but no longer than a moment once the process is told to stop."""
        end = time.monotonic() + seconds
        while not self.stopping and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, 0.2))
