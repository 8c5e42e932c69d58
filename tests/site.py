"""A real site in processes of its own: start, workers, kill, logs. The fixtures are in
tests/fixtures/sites.py. Not for asking the site something: use its url.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from ourvidz.embedded import processes
from ourvidz.embedded.server import end_with_parent

START_SECONDS = 180.0
STOP_SECONDS = 10.0
LOG_TAIL = 3000


def wait_until(condition: Callable[[], object], seconds: float, what: str) -> None:
    """Ask again until `condition` holds. Fails the test, naming `what`, after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"Not within {seconds:g} s: {what}"
        time.sleep(0.05)


class Spawned:
    """A process of the site with its log. It ends with the test run, whatever happens to that."""

    def __init__(
        self, name: str, command: list[str], environment: dict[str, str], log: Path
    ) -> None:
        self.name = name
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                cwd=processes.ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=end_with_parent(signal.SIGKILL),
            )

    @property
    def pid(self) -> int:
        """The process's id."""
        return self.process.pid

    def running(self) -> bool:
        """Say whether it is alive."""
        return self.process.poll() is None

    def kill(self) -> None:
        """End it as `kill -9` does, with its children."""
        if self.running():
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self, seconds: float = STOP_SECONDS) -> int:
        """Ask it to end (SIGTERM), and make it after `seconds`. Returns the exit status."""
        if self.running():
            os.killpg(self.pid, signal.SIGTERM)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
        return self.process.wait()

    def output(self) -> str:
        """Return what it has written so far."""
        return self.log.read_text(errors="replace")


class Web:
    """The site's web server, started once a test process and used by many tests in turn."""

    def __init__(self, *, database: str, log_dir: Path) -> None:
        self.database = database
        self.log_dir = log_dir
        self.url = os.environ["OURVIDZ_URL"]
        self.process: Spawned | None = None

    def environment(self) -> dict[str, str]:
        """Return the settings' variables: this test process's own, with the site's database."""
        parts = urlsplit(os.environ["DATABASE_URL"])
        url = urlunsplit(parts._replace(path=f"/{self.database}"))
        # urlunsplit drops the // of an url without a host name only where there is no user in it.
        return {**os.environ, "DATABASE_URL": url, "PYTHONUNBUFFERED": "1"}

    def ensure_running(self) -> None:
        """Start the server, unless it runs, and wait until it answers."""
        if self.process is not None and self.process.running():
            return
        port = int(self.url.rsplit(":", 1)[1])
        command = processes.web("127.0.0.1", port)
        self.process = Spawned("web", command, self.environment(), self.log_dir / "web.log")
        wait_until(self._answers, START_SECONDS, "the site answers")

    def stop(self) -> None:
        """Stop the server."""
        if self.process is not None:
            self.process.stop()

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.running(), self.process.output()
        try:
            urllib.request.urlopen(f"{self.url}/accounts/login/", timeout=10).close()
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True


class LiveSite:
    """The running site as one test sees it, with the workers that the test spawns."""

    def __init__(self, web: Web) -> None:
        self.web = web
        self.url = web.url
        self.websocket_url = "ws" + web.url.removeprefix("http") + "/ws/"
        self.workers: list[Spawned] = []

    def spawn(self, name: str, command: list[str], **variables: str) -> Spawned:
        """Start another process of this site, with more environment variables if need be."""
        log = self.web.log_dir / f"{name}-{len(self.workers)}.log"
        spawned = Spawned(name, command, self.web.environment() | variables, log)
        self.workers.append(spawned)
        return spawned

    def spawn_control_worker(self, **variables: str) -> Spawned:
        """Start the worker of the queue `control`."""
        return self.spawn("control", processes.control_worker(), **variables)

    def spawn_gpu_worker(
        self, name: str = "gpu-test", command: list[str] | None = None, **variables: str
    ) -> Spawned:
        """Start a GPU process, or another command that is one, with a token of its own; it polls
        unless given OURVIDZ_BROKER_URL.
        """
        from ourvidz.rows import as_service
        from workers.services import issue_worker_token

        with as_service("test worker"):
            secret = issue_worker_token(name=name)
        told = {
            "OURVIDZ_URL": self.url,
            "OURVIDZ_WORKER_TOKEN": secret,
            "OURVIDZ_DEVICE": "cpu",
            # As on a machine of its own: it must live without these.
            "DATABASE_URL": "",
            "DJANGO_SETTINGS_MODULE": "",
        }
        return self.spawn(name, command or processes.gpu_worker(), **(told | variables))

    def broker_url(self) -> str:
        """Return the broker's url, for a GPU worker that is to hear the doorbell."""
        return os.environ["REDIS_URL"]

    def stop_workers(self) -> None:
        """Stop every process that this test spawned."""
        for worker in self.workers:
            worker.stop()

    def log_sections(self) -> list[tuple[str, str]]:
        """Return the ends of all logs, to be shown with a failed test."""
        shown = [self.web.process, *self.workers] if self.web.process else self.workers
        return [(f"log of {each.name}", each.output()[-LOG_TAIL:]) for each in shown]
