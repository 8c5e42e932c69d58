"""One server process of ours from start to stop: PostgreSQL or Redis as a child that ends with us.
Not for the site's own processes, which may be restarted (see ourvidz.embedded.supervisor).
"""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from ourvidz.embedded.errors import StartFailed, explain, from_log
from ourvidz.embedded.folders import Account

PR_SET_PDEATHSIG = 1
START_SECONDS = 60.0
STOP_SECONDS = 30.0


def end_with_parent(signal_number: int) -> Callable[[], None] | None:
    """Return a function for a new child: it gets the signal if this process is killed."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(PR_SET_PDEATHSIG, signal_number)


class Server:
    """A running server process and its log file."""

    def __init__(self, *, name: str, command: list[str], log: Path, stop_signal: int) -> None:
        self.name = name
        self.command = command
        self.log = log
        self.stop_signal = stop_signal
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *, account: Account, ready: Callable[[], bool]) -> None:
        """Start the process and wait until `ready` says yes. Raises StartFailed with the reason."""
        try:
            self.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            log = self.log.open("ab")
        except OSError as error:
            raise explain(error, f"The log {self.log}") from error
        with log:
            self.process = subprocess.Popen(
                self.command,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C reaches the whole terminal; the servers must outlive the site's processes.
                start_new_session=True,
                preexec_fn=end_with_parent(self.stop_signal),
                **account.popen_arguments(),
            )
        self._wait(ready)

    def _wait(self, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not ready():
            if not self.is_running():
                raise from_log(self.name, self.log)
            if time.monotonic() > deadline:
                self.stop()
                raise StartFailed(f"{self.name} did not answer for a minute. Look at {self.log}.")
            time.sleep(0.02)

    def is_running(self) -> bool:
        """Say whether the process is alive."""
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        """End the process: politely, then after half a minute by force."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
