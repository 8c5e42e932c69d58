"""A RabbitMQ node of the tests' own: its folder, ports, name and port mapper, started by
deploy/rabbitmq.sh as a site would start it. Not for a broker that is away: see test_brokers.py.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pika
from pika.exceptions import AMQPError

from ourvidz.embedded import processes
from ourvidz.embedded.server import end_with_parent
from tests import servers
from tests.site import Spawned, wait_until

# Debian's command of that name changes to another user and writes to /var/log.
DEBIAN = "/usr/lib/rabbitmq/bin"
SITE, GPU = 'the site\'s $ecret "1"', "the wörkers' secret #2"
START_SECONDS = 60


def program() -> str | None:
    """Where the server is, if it is on this machine."""
    return shutil.which("rabbitmq-server", path=f"{DEBIAN}:{os.environ['PATH']}")


class Rabbit:
    """One node. What it holds stays when it is stopped or killed, until `remove`."""

    def __init__(self) -> None:
        # Not pytest's folder, which another user may not enter.
        self.folder = Path(tempfile.mkdtemp(prefix="ourvidz-rabbit-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.port, self.distribution, mapper = (servers.free_port() for _ in range(3))
        self.mapper = subprocess.Popen(
            ["epmd", "-address", "127.0.0.1", "-port", str(mapper)],
            preexec_fn=end_with_parent(signal.SIGKILL),
        )
        self.environment = self._environment(mapper)
        (self.folder / "plugins").write_text("[].")
        self.node: Spawned | None = None

    def start(self) -> None:
        """Start the node and wait until it answers."""
        script = str(processes.ROOT / "deploy" / "rabbitmq.sh")
        log = self.folder / "node.log"
        self.node = Spawned("rabbitmq", ["sh", script], self.environment, log)
        wait_until(self._answers, START_SECONDS, "RabbitMQ answers")

    def kill(self) -> None:
        """End it as a power cut does."""
        assert self.node is not None
        self.node.kill()

    def stop(self) -> None:
        """End it as an upgrade does."""
        assert self.node is not None
        self.node.stop(START_SECONDS)

    def remove(self) -> None:
        """End it for good."""
        if self.node is not None:
            self.node.kill()
        self.mapper.kill()
        self.mapper.wait()
        shutil.rmtree(self.folder)

    def url(self, user: str, password: str) -> str:
        """By what somebody connects."""
        return f"amqp://{user}:{quote(password)}@127.0.0.1:{self.port}/ourvidz"

    @property
    def site_url(self) -> str:
        return self.url("ourvidz", SITE)

    @property
    def gpu_url(self) -> str:
        return self.url("gpu", GPU)

    def connect(self, url: str) -> pika.BlockingConnection:
        """A connection as whoever the url names."""
        return pika.BlockingConnection(pika.URLParameters(url))

    def state(self, queue: str) -> Any:
        """How many messages a queue holds, and how many listen: {message_count, consumer_count}."""
        connection = self.connect(self.site_url)
        try:
            return connection.channel().queue_declare(queue, passive=True).method
        finally:
            connection.close()

    def _answers(self) -> bool:
        assert self.node is not None
        assert self.node.running(), self.node.output()
        try:
            socket.create_connection(("127.0.0.1", self.port), 5).close()
            self.connect(self.site_url).close()
        except (AMQPError, OSError):
            return False
        return True

    def _environment(self, mapper: int) -> dict[str, str]:
        folder = str(self.folder)
        return {
            "PATH": f"{DEBIAN}:{os.environ['PATH']}",
            "HOME": folder,  # the nodes' shared secret is kept there
            "LANG": "C.UTF-8",
            "ERL_EPMD_PORT": str(mapper),
            "RABBITMQ_NODENAME": f"ourvidz-{self.port}@localhost",
            "RABBITMQ_DIST_PORT": str(self.distribution),
            "RABBITMQ_MNESIA_BASE": f"{folder}/mnesia",
            "RABBITMQ_LOG_BASE": f"{folder}/log",
            "RABBITMQ_GENERATED_CONFIG_DIR": f"{folder}/config",
            "RABBITMQ_PID_FILE": f"{folder}/pid",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder}/plugins",
            "RABBITMQ_DATA": folder,
            "RABBITMQ_PORT": str(self.port),
            "RABBITMQ_PASSWORD": SITE,
            "BROKER_PASSWORD": GPU,
        }
