"""The site's own processes as commands: what `manage.py up` supervises, what a container would run,
and what tests spawn. Not for starting or watching them (ourvidz.embedded.supervisor).
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
MANAGE = [sys.executable, "-u", str(ROOT / "manage.py")]


def web(host: str, port: int) -> list[str]:
    """The web server: HTTP and sockets."""
    daphne = [sys.executable, "-u", "-m", "ourvidz.serving", "--verbosity", "0", "--bind", host]
    # Without a limit of its own an idle keep-alive connection would hold up a stop.
    return [*daphne, "--port", str(port), "ourvidz.asgi:application"]


def control_worker() -> list[str]:
    """Short work behind the site: sweeps, mail, webhooks."""
    few = ["--processes", "1", "--threads", "2", "--worker-shutdown-timeout", "4000"]
    return [*MANAGE, "rundramatiq", *few, "--queues", "control"]


def scheduler() -> list[str]:
    """The clock that sends the periodic messages."""
    # Its own heartbeat goes to a queue that nobody here reads.
    return [*MANAGE, "crontab", "--no-heartbeat"]


def gpu_worker() -> list[str]:
    """The process that makes pictures. It gets no database url and imports no Django."""
    return [sys.executable, "-u", "-m", "workers.gpu"]
