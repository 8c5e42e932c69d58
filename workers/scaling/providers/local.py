"""Workers as processes of this machine, for one with several GPUs or for trying pools out. They end
with the process that started them, and are found by what their environment says. Not for machines
elsewhere.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress

import psutil
from django.conf import settings

from ourvidz.embedded import processes
from ourvidz.embedded.server import end_with_parent
from workers.scaling.providers.base import Machine, ProviderError

MARK = "OURVIDZ_MACHINE"
PATIENCE = 15.0  # seconds: a worker hands its job back within a few


class LocalProcesses:
    """One process a machine."""

    def machines(self, prefix: str) -> list[Machine]:
        """Return the processes of that mark that run."""
        return [
            Machine(str(process.pid), name)
            for process, name in _marked()
            if name.startswith(prefix)
        ]

    def start(self, name: str, environment: Mapping[str, str]) -> Machine:
        """Start one worker; what it says goes to a file of its name in the log folder."""
        folder = settings.DATA_DIR / "log"
        folder.mkdir(parents=True, exist_ok=True)
        kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
        try:
            with (folder / f"{name}.log").open("ab") as log:
                process = subprocess.Popen(
                    processes.gpu_worker(),
                    env=kept | dict(environment) | {MARK: name},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    preexec_fn=end_with_parent(signal.SIGTERM),
                )
        except OSError as error:
            raise ProviderError(f"No process could be started: {error}") from error
        return Machine(str(process.pid), name)

    def stop(self, machine_id: str) -> None:
        """Let a worker hand back what it has, then end it for good."""
        for process, _name in _marked():
            if str(process.pid) == machine_id:
                _end(process)


def _marked() -> Iterator[tuple[psutil.Process, str]]:
    """Every process of ours that runs, with its mark. A number alone may be somebody else's."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            name = process.environ().get(MARK)
            if name and process.status() != psutil.STATUS_ZOMBIE:
                yield process, name


def _end(process: psutil.Process) -> None:
    with suppress(psutil.NoSuchProcess):
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(PATIENCE)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(PATIENCE)
