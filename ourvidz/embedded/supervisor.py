"""Keeps the site's processes running beside each other: honcho's manager, with a bounded number of
restarts. Not for the database and Redis, which start before and stop after all of these.
"""

from __future__ import annotations

import multiprocessing
import os
import shlex
import signal
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from honcho.manager import Manager
from honcho.process import Popen, Process

from ourvidz.embedded.server import Server, end_with_parent

RESTARTS = 5
# A process that ran this long had started well: its next end is a new accident, not the same one.
GOOD_RUN_SECONDS = 60.0
LONGEST_PAUSE_SECONDS = 8.0
# A process that ends with this status says that a restart would end the same way.
CANNOT_START = 2
LOOK_SECONDS = 1.0
BY_SIGNAL = (130, 143)


class Restarting(Process):
    """A process that is started again when it ends, a few times."""

    def __init__(self, *args: Any, stopping: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Set when the site stops: from then on an ended process is what was asked for.
        self._stopping = stopping

    def run(self, events: Any = None, ignore_signals: bool = False) -> None:
        """Run in honcho's helper process: start the command, relay its lines, start it again."""
        self._events = events
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if end := end_with_parent(signal.SIGKILL):
            end()
        self._send_message({"returncode": self._run_and_restart()}, type="stop")

    def _run_and_restart(self) -> int:
        tries = 0
        while True:
            began = time.monotonic()
            status = self._run_once()
            tries = 0 if time.monotonic() - began > GOOD_RUN_SECONDS else tries
            if self._stopping.is_set() or status == CANNOT_START or tries == RESTARTS:
                return status
            tries += 1
            self._say(f"ended with status {status}; starting it again ({tries} of {RESTARTS})")
            if self._stopping.wait(min(2.0 ** (tries - 1), LONGEST_PAUSE_SECONDS)):
                return status

    def _run_once(self) -> int:
        self._child = Popen(self.cmd, env=self.env, cwd=self.cwd, preexec_fn=_prepare_child)
        self._send_message({"pid": self._child.pid}, type="start")
        for line in iter(self._child.stdout.readline, b""):
            self._send_message(line)
        self._child.stdout.close()
        return int(self._child.wait())

    def _say(self, text: str) -> None:
        self._send_message(f"{text}\n".encode())


def _prepare_child() -> None:
    # The helper ignores these two, and the command would inherit that.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if end := end_with_parent(signal.SIGTERM):
        end()


class Supervisor(Manager):
    """The site's processes, and the servers they stand on."""

    def __init__(self, servers: Sequence[Server], when_started: Callable[[], None]) -> None:
        """`when_started` is called once, in a thread of its own, as the processes start."""
        super().__init__()
        self.stopping = multiprocessing.Event()
        self._process_ctor = partial(Restarting, stopping=self.stopping)
        self._servers = servers
        self._when_started = when_started
        self._first_to_end = ""
        self._stopped_by_person = False
        self._dead_server: Server | None = None

    def add(self, name: str, command: list[str], environment: dict[str, str]) -> None:
        """Add a process, to be started by `run`."""
        self.add_process(name, f"exec {shlex.join(command)}", env=environment)

    def run(self) -> str:
        """Run everything until a signal, or until something cannot go on.

        Returns why it ended: a sentence, or nothing where a person stopped it.
        """
        self.loop()
        if self._dead_server is not None:
            name, log = self._dead_server.name, self._dead_server.log
            return f"{name} ended unexpectedly. Look at {log}, then start OurVidz again."
        if self._stopped_by_person:
            return ""
        return (
            f"The process “{self._first_to_end}” ended with status {self.returncode} and was not "
            "started again; the lines above say why. OurVidz has stopped and kept everything. "
            "Start it again when the cause is gone."
        )

    def terminate(self) -> None:
        """Stop all processes."""
        self._stopped_by_person |= self.returncode in BY_SIGNAL and not self._first_to_end
        self.stopping.set()
        super().terminate()

    def _start(self) -> None:
        super()._start()
        # After the forks: a thread that lives while a process forks can leave locks closed in it.
        for target in (self._when_started, self._watch_servers):
            threading.Thread(target=target, daemon=True).start()

    def _watch_servers(self) -> None:
        while not self.stopping.wait(LOOK_SECONDS):
            for server in self._servers:
                if not server.is_running():
                    self._dead_server = server
                    os.kill(os.getpid(), signal.SIGTERM)
                    return

    def _system_print(self, data: str) -> None:
        """Keep honcho's own lines to ourselves: the last ones a person sees are the address."""
        name, stopped, _ = data.partition(" stopped (rc=")
        if stopped and not self._first_to_end:
            self._first_to_end = name
