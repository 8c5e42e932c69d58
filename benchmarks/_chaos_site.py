"""A site whose every part can be killed and brought back: servers of its own, an S3 server (or a
folder instead) and a worker behind lines that can be cut, web, control worker, scheduler and GPU
processes. Not for which faults come when: see chaos.py.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import django

from benchmarks._bells import MODE_FILE
from benchmarks._proxy import Proxy
from benchmarks._report import RESULTS
from ourvidz.embedded import processes, roles
from ourvidz.embedded.postgres import Postgres
from ourvidz.embedded.redis import Redis
from tests import servers
from tests.site import Spawned

DATABASE = "chaos"
BUCKET = "chaos"
# Short, so that what takes minutes in earnest is seen to happen here.
HASTE = {"LEASE_SECONDS": "6", "HEARTBEAT_SECONDS": "1", "JOB_BACKOFF_SECONDS": "1"}
WORKER = [sys.executable, "-u", "-m", "benchmarks._drawing_worker"]
# Jobs that a GPU process makes, and reports, together.
AT_ONCE = "4"
START_SECONDS = 90.0


class Site:
    """All processes by name; `spawn` starts one anew, `kill` ends it as `kill -9` does."""

    def __init__(self, polling: int, ringing: int, in_folder: bool) -> None:
        self.in_folder = in_folder
        self.folder = Path(tempfile.mkdtemp(prefix="ourvidz-chaos-", dir="/tmp"))
        self.folder.chmod(0o711)
        self.postgres, self.redis = Postgres(self.folder), Redis(self.folder)
        self.running: dict[str, Spawned] = {}
        self.logs: list[Path] = []
        self.commands: dict[str, tuple[list[str], dict[str, str]]] = {}
        self.names = [f"ringing-{n}" for n in range(ringing)]
        self.names += [f"polling-{n}" for n in range(polling)]

    def start(self) -> None:
        """Start everything, on an empty database."""
        self.postgres.start()
        self.redis.start()
        passwords = roles.Passwords(servers.OWNER_PASSWORD)
        roles.bootstrap(self.postgres.admin_url(), database=DATABASE, passwords=passwords)
        where = servers.Servers(
            folder=str(self.folder),
            admin_url=self.postgres.admin_url(),
            sockets=str(self.postgres.sockets),
            redis_urls=[self.redis.url(number) for number in range(16)],
        )
        servers.set_environment(where)
        if not self.in_folder:
            self._start_store()
        os.environ.update(
            HASTE,
            DATABASE_URL=where.owner_url(DATABASE),
            DJANGO_SETTINGS_MODULE="benchmarks._chaos_settings",
            **{MODE_FILE: str(self.folder / "bells")},
        )
        self.bells("")
        django.setup()
        self._fill_database()
        self._start_processes()

    def _start_store(self) -> None:
        port = servers.free_port()
        self.commands["store"] = [sys.executable, "-m", "moto.server", "-p", str(port)], {}
        self.spawn("store")
        self.store_line = Proxy(("127.0.0.1", port))
        os.environ.update(
            S3_ENDPOINT_URL=self.store_line.url,
            S3_BUCKET=BUCKET,
            S3_ACCESS_KEY_ID="chaos",
            S3_SECRET_ACCESS_KEY="chaos",
        )
        _wait(lambda: _answers(self.store_line.url), "the object store answers")

    def _fill_database(self) -> None:
        from io import StringIO

        from django.core.management import call_command

        from ourvidz.storage import places

        call_command("migrate", verbosity=0, interactive=False)
        call_command("sync_presets", stdout=StringIO())
        if not self.in_folder:
            store: Any = places.place(places.PRIMARY)
            store.client.create_bucket(Bucket=BUCKET)

    def _start_processes(self) -> None:
        self.url = os.environ["OURVIDZ_URL"]
        port = int(self.url.rsplit(":", 1)[1])
        self.web_line = Proxy(("127.0.0.1", port))
        self.commands["web"] = processes.web("127.0.0.1", port), {"DATABASE_POOL": "1"}
        self.commands["control"] = processes.control_worker(), {}
        self.commands["scheduler"] = processes.scheduler(), {}
        for name in self.names:
            self.commands[name] = WORKER, self._told(name, self.url)
        self.commands["far"] = WORKER, self._told("far", self.web_line.url)
        for name in self.commands:
            if name != "store":
                self.spawn(name)
        _wait(lambda: _answers(f"{self.url}/health/live"), "the site answers")

    def _told(self, name: str, url: str) -> dict[str, str]:
        from ourvidz.rows import as_service
        from workers.services import issue_worker_token

        with as_service("chaos"):
            token = issue_worker_token(name=name)
        bell = os.environ["REDIS_URL"] if name.startswith("ringing") else ""
        return {
            "OURVIDZ_URL": url,
            "OURVIDZ_WORKER_TOKEN": token,
            "OURVIDZ_BROKER_URL": bell,
            "OURVIDZ_DEVICE": "cpu",
            "NOOP_AT_ONCE": AT_ONCE,
            "DATABASE_URL": "",
            "DJANGO_SETTINGS_MODULE": "",
        }

    def spawn(self, name: str) -> None:
        """Start a process of this name; each has a log of its own."""
        command, variables = self.commands[name]
        log = self.folder / "log" / f"{len(self.logs):03}-{name}.log"
        self.logs.append(log)
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"} | variables
        self.running[name] = Spawned(name, command, environment, log)

    def kill(self, name: str) -> None:
        """End a process at once, with its children, and start it anew."""
        self.running[name].kill()
        self.spawn(name)

    def watch(self) -> None:
        """Start anew what has ended by itself, as a supervisor would."""
        for name, process in list(self.running.items()):
            if not process.running():
                self.spawn(name)

    def restart_redis(self, seconds: float) -> None:
        """Stop Redis for a while; what was not yet on its disk is lost."""
        _crash(self.redis, signal.SIGKILL)
        time.sleep(seconds)
        self.redis.start()

    def restart_postgres(self, seconds: float) -> None:
        """Let PostgreSQL crash, and bring it back after a while."""
        _crash(self.postgres, signal.SIGQUIT)
        time.sleep(seconds)
        self.postgres.start()

    def bells(self, mode: str) -> None:
        """Let the broker be reliable (""), or `double` or `lose` every message."""
        (self.folder / "bells").write_text(mode)

    @contextmanager
    def blocked(self, setting: str) -> Iterator[None]:
        """Let a store that is a folder refuse: a file stands where the folder was."""
        from django.conf import settings

        folder = Path(getattr(settings, setting))
        aside = folder.with_name(f"{folder.name}-aside")
        folder.mkdir(parents=True, exist_ok=True)
        folder.rename(aside)
        folder.touch()
        yield
        folder.unlink()
        aside.rename(folder)

    def keep_logs(self) -> None:
        """Copy the logs beside the benchmarks' results, for whoever asks why."""
        shutil.copytree(self.folder / "log", RESULTS / "chaos-logs", dirs_exist_ok=True)

    def stop(self) -> None:
        """End everything; nothing is left."""
        for process in self.running.values():
            process.kill()
        with suppress(Exception):
            self.redis.stop()
            self.postgres.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def stop_workers(self) -> None:
        """Ask the GPU processes to end, as for an upgrade."""
        for name in (*self.names, "far"):
            self.running[name].stop()


def _crash(server: Postgres | Redis, number: int) -> None:
    process = server.server.process
    if process is not None:
        process.send_signal(number)
        process.wait()


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except OSError as error:
        return bool(getattr(error, "code", 0))
    return True


def _wait(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"Not within {START_SECONDS:g} s: {what}")
        time.sleep(0.1)
