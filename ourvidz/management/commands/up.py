"""`manage.py up`, the heart of `make run`: the whole of OurVidz on this machine, from the database
to the GPU process, until Ctrl-C. Not for production on many machines: there each process runs
alone, with DATABASE_URL and REDIS_URL naming servers that are already there.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
import time
import urllib.error
import urllib.request
from argparse import ArgumentParser
from io import StringIO
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connections
from redis import RedisError

from ourvidz.embedded import ports, processes, start
from ourvidz.embedded.errors import StartFailed, explain
from ourvidz.embedded.roles import BootstrapFailed
from ourvidz.embedded.supervisor import Supervisor

WORKER = "this machine"
# What a GPU process must not know: it would run the same on a rented machine.
KEPT_FROM_GPU = ("DATABASE_", "REDIS_URL", "S3_", "SECRET_", "EMAIL_", "DJANGO_")
LOOK_SECONDS = 0.1


class Command(BaseCommand):
    help = "Start OurVidz with everything it needs, and stop it all at Ctrl-C."
    requires_system_checks: list[str] = []  # they ask the database, which is not up yet

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default=settings.HOST, help="Address to listen on.")
        parser.add_argument("--port", default=settings.PORT, type=int, help="First port to try.")

    def handle(self, *args: Any, host: str, port: int, **options: Any) -> None:
        signal.signal(signal.SIGTERM, _as_keyboard_interrupt)
        try:
            failure = self._run(host, port)
        except (StartFailed, BootstrapFailed, CommandError) as error:
            failure = str(error)
        except (DatabaseError, RedisError, OSError) as error:
            failure = _sentence(error)
        except KeyboardInterrupt:
            failure = ""
        if failure:
            sys.exit(f"\n{failure}")
        self._say("OurVidz has stopped.")

    def _run(self, host: str, wanted_port: int) -> str:
        embedded = {
            "database": not os.environ.get("DATABASE_URL"),
            "redis": not os.environ.get("REDIS_URL"),
        }
        with start.only_one(settings.DATA_DIR):
            port = self._port(host, wanted_port)
            self._say("Starting PostgreSQL and Redis …")
            with start.servers(settings.DATA_DIR, **embedded) as servers:
                self._say("Preparing the database …")
                message, token = self._prepare(port)
                supervisor = Supervisor(servers, lambda: self._announce(port, message))
                _add_processes(supervisor, host, port, token)
                connections.close_all()
                self._say("Starting the site and its workers …")
                return supervisor.run()

    def _port(self, host: str, wanted: int) -> int:
        port = ports.first_free(host, wanted)
        if port != wanted:
            self._say(f"Port {wanted} is in use by another program, so OurVidz takes {port}.")
        os.environ.setdefault("OURVIDZ_URL", f"http://localhost:{port}")
        return port

    def _prepare(self, port: int) -> tuple[str, str]:
        """Bring the database up to date. Returns the final message and the GPU process's token."""
        # Where WhiteNoise looks, before anybody collects static files there.
        settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
        call_command("migrate", verbosity=0, interactive=False)
        _printed_by("sync_presets")
        operator = json.loads(_printed_by("first_operator"))
        return _message(operator), _printed_by("worker_token", WORKER)

    def _announce(self, port: int, message: str) -> None:
        while not _answers(f"http://127.0.0.1:{port}/accounts/login/"):
            time.sleep(LOOK_SECONDS)
        self._say(message)

    def _say(self, text: str) -> None:
        print(text, flush=True)


def _sentence(error: Exception) -> str:
    """Say what a person can do about a server or a disk that failed during the start."""
    if "No space left on device" in str(error):
        error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if isinstance(error, OSError):
        return str(explain(error, "OurVidz's data"))
    name = "DATABASE_URL" if isinstance(error, DatabaseError) else "REDIS_URL"
    hint = f"Look at {name}" if os.environ.get(name) else f"Look at {settings.DATA_DIR / 'log'}"
    detail = " ".join(str(error).split())
    return f"A server that OurVidz needs does not answer as it should: {detail}. {hint}."


def _message(operator: dict[str, str]) -> str:
    address = os.environ["OURVIDZ_URL"].rstrip("/")
    once = f"sign in once with {address}{operator['link']}"
    if not operator["password"]:
        return f"\nOurVidz runs at {address} · {once} · Ctrl-C stops it\n"
    account = f"e-mail {operator['email']}, password {operator['password']} (shown only now)"
    return f"\nOurVidz runs at {address} · {once} · or with {account} · Ctrl-C stops it\n"


def _add_processes(supervisor: Supervisor, host: str, port: int, token: str) -> None:
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    # Opening a connection takes longer than most requests; the other processes keep theirs anyway.
    pooled = {"DATABASE_POOL": "1"} | environment
    supervisor.add("web", processes.web(host, port), pooled)
    supervisor.add("control", processes.control_worker(), environment)
    supervisor.add("scheduler", processes.scheduler(), environment)
    supervisor.add("gpu", processes.gpu_worker(), _gpu_environment(environment, port, token))


def _gpu_environment(environment: dict[str, str], port: int, token: str) -> dict[str, str]:
    kept = {k: v for k, v in environment.items() if not k.startswith(KEPT_FROM_GPU)}
    return kept | {
        "OURVIDZ_URL": f"http://127.0.0.1:{port}",
        "OURVIDZ_WORKER_TOKEN": token,
        "OURVIDZ_BROKER_URL": settings.BROKER_URL,
        "OURVIDZ_NAMESPACE": settings.NAMESPACE,
        "OURVIDZ_MODELS": str(settings.MODELS_DIR),
        "OURVIDZ_LORAS": str(settings.LORAS_DIR),
    }


def _printed_by(command: str, *arguments: str) -> str:
    output = StringIO()
    call_command(command, *arguments, stdout=output)
    return output.getvalue().strip()


def _answers(url: str) -> bool:
    """Say whether the site answers, whatever it answers."""
    try:
        urllib.request.urlopen(url, timeout=30).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def _as_keyboard_interrupt(signal_number: int, frame: Any) -> None:
    raise KeyboardInterrupt
