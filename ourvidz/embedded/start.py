"""Starting and stopping the embedded servers of one data folder, at most once at a time. Not for
the site's processes, nor for tests, which run servers of their own.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ourvidz.embedded import addresses, roles
from ourvidz.embedded.errors import StartFailed, explain
from ourvidz.embedded.postgres import Postgres
from ourvidz.embedded.redis import Redis
from ourvidz.embedded.server import Server
from ourvidz.secrets import local_secret


@contextmanager
def only_one(data_dir: Path) -> Iterator[None]:
    """Hold the data folder for this process. Raises StartFailed where another one holds it."""
    path = data_dir / "run" / "up.lock"
    try:
        data_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
        path.parent.mkdir(mode=0o711, exist_ok=True)
        lock = path.open("a+")
    except OSError as error:
        raise explain(error, f"The folder {data_dir}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise StartFailed(
                f"OurVidz already runs here (process {lock.read().strip() or 'unknown'}). Stop it "
                "first, or set OURVIDZ_DATA_DIR to another folder for a second installation."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


@contextmanager
def servers(data_dir: Path, *, database: bool, redis: bool) -> Iterator[list[Server]]:
    """Run the embedded servers that are wanted, and stop them at the end. Raises StartFailed."""
    running: list[Server] = []
    with ExitStack() as stack:
        if database:
            running.append(_postgres(data_dir, stack))
        if redis:
            running.append(_redis(data_dir, stack))
        yield running


def _postgres(data_dir: Path, stack: ExitStack) -> Server:
    server = Postgres(data_dir)
    stack.callback(server.stop)
    server.start()
    passwords = roles.Passwords(
        owner=local_secret(data_dir, addresses.OWNER_SECRET),
        backup=local_secret(data_dir, addresses.BACKUP_SECRET),
    )
    roles.bootstrap(server.admin_url(), database=addresses.DATABASE, passwords=passwords)
    return server.server


def _redis(data_dir: Path, stack: ExitStack) -> Server:
    server = Redis(data_dir)
    stack.callback(server.stop)
    server.start()
    return server.server
