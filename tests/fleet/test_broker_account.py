"""The account `gpu` of deploy/redis.sh on a real server: a GPU worker's own doorbell works with it,
and nothing else does.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dramatiq
import pytest
import redis
from dramatiq.brokers.redis import RedisBroker

from ourvidz.embedded import processes
from ourvidz.embedded.redis import _program
from ourvidz.embedded.server import end_with_parent
from tests import servers
from tests.site import wait_until
from workers.gpu.config import Config
from workers.gpu.tasks import doorbell

pytestmark = pytest.mark.skipif(shutil.which("sha256sum") is None, reason="no sha256sum")

SERVER, GPU = "the server's $ecret #1", 'the workers" secret'
NAMESPACE = "ourvidz:dramatiq"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a server that deploy/redis.sh started."""
    folder, number = tmp_path_factory.mktemp("redis"), servers.free_port()
    bin_folder = folder / "bin"
    bin_folder.mkdir()
    (bin_folder / "redis-server").symlink_to(_program())
    process = subprocess.Popen(
        ["sh", str(processes.ROOT / "deploy" / "redis.sh")],
        env={
            "PATH": f"{bin_folder}:{os.environ['PATH']}",
            "REDIS_PASSWORD": SERVER,
            "BROKER_PASSWORD": GPU,
            "REDIS_PORT": str(number),
            "REDIS_DATA": str(folder),
        },
        preexec_fn=end_with_parent(signal.SIGTERM),
    )
    wait_until(lambda: _answers(number), 20, "the server answers")
    yield number
    process.terminate()
    process.wait()
    assert list(Path(folder).rglob("*appendonly*")), "what it holds is kept on disk"


def _answers(port: int) -> bool:
    try:
        return bool(server(port).ping())
    except redis.RedisError:
        return False


def server(port: int) -> redis.Redis:
    """Redis as the site has it."""
    return redis.Redis(port=port, password=SERVER, decode_responses=True)


@pytest.fixture
def gpu(port: int) -> redis.Redis:
    """Redis as a GPU worker has it."""
    server(port).flushall()
    return redis.Redis(port=port, username="gpu", password=GPU, decode_responses=True)


class Bells:
    """Counts how often it was rung, in place of the loop that takes jobs."""

    def __init__(self) -> None:
        self.rung = 0
        self.first = threading.Event()

    def ring(self) -> None:
        self.rung += 1
        self.first.set()


def test_a_workers_doorbell_rings(port: int, gpu: redis.Redis) -> None:
    config = Config.from_environment(
        {
            "OURVIDZ_URL": "http://unused",
            "OURVIDZ_WORKER_TOKEN": "ovw_unused",
            "OURVIDZ_BROKER_URL": f"redis://gpu:the%20workers%22%20secret@127.0.0.1:{port}/0",
        }
    )
    bells: Any = Bells()
    worker = doorbell(config, bells)
    worker.start()
    site = RedisBroker(port=port, password=SERVER, namespace=NAMESPACE)
    for queue in ("gpu.image", "gpu.video"):
        message: dramatiq.Message[None] = dramatiq.Message(
            queue_name=queue, actor_name="gpu_wake", args=("a job",), kwargs={}, options={}
        )
        site.declare_queue(queue)
        site.enqueue(message)
    wait_until(lambda: bells.rung == 2, 10, "both bells ring")
    # Taken back by the broker: nothing is left over, so acknowledging is allowed too.
    site_view = server(port)
    wait_until(lambda: not site_view.hlen(f"{NAMESPACE}:gpu.image.msgs"), 5, "it is acknowledged")
    began = time.monotonic()
    worker.stop(timeout=5000)
    assert time.monotonic() - began < 5


KEYS = ["ourvidz:progress:1", f"{NAMESPACE}:control", f"{NAMESPACE}:control.msgs", "anything"]


@pytest.mark.parametrize("key", KEYS)
def test_other_keys_are_out_of_reach(gpu: redis.Redis, key: str) -> None:
    for act in (
        lambda: gpu.rpush(key, "forged"),
        lambda: gpu.lpop(key),
        lambda: gpu.hset(key, "id", "forged"),
        lambda: gpu.hget(key, "id"),
        lambda: gpu.zadd(key, {"forged": 1}),
    ):
        with pytest.raises(redis.exceptions.NoPermissionError):
            act()


@pytest.mark.parametrize(
    "command",
    [
        ("KEYS", "*"),
        ("SCAN", "0"),
        ("FLUSHALL",),
        ("CONFIG", "GET", "*"),
        ("ACL", "WHOAMI"),
        ("EVAL", "return 1", "0"),
        ("PUBLISH", "ourvidz:channels:1", "x"),
        ("SUBSCRIBE", "ourvidz:channels:1"),
        ("DEL", f"{NAMESPACE}:gpu.image"),
        ("GET", "ourvidz:cancel:1"),
        ("MONITOR",),
        ("SHUTDOWN",),
        ("SCRIPT", "FLUSH"),
        ("DBSIZE",),
        ("INFO",),
        ("CLIENT", "LIST"),
        ("DEBUG", "SLEEP", "1"),
    ],
)
def test_other_commands_are_refused(gpu: redis.Redis, command: tuple[str, ...]) -> None:
    with pytest.raises(redis.exceptions.NoPermissionError):
        gpu.execute_command(*command)


def test_a_script_reaches_no_more_than_the_account(port: int, gpu: redis.Redis) -> None:
    """Scripts run with the rights of who calls them, so loading one opens nothing."""
    script = gpu.register_script("return redis.call('rpush', 'ourvidz:dramatiq:control', 'x')")
    with pytest.raises(redis.exceptions.ResponseError):
        script()
    assert server(port).keys("*") == []


@pytest.mark.parametrize("password", ["", "wrong", SERVER])
def test_it_has_a_password_of_its_own(port: int, password: str) -> None:
    with pytest.raises((redis.exceptions.AuthenticationError, redis.exceptions.ResponseError)):
        redis.Redis(port=port, username="gpu", password=password).ping()


def test_nobody_comes_in_without_one(port: int) -> None:
    with pytest.raises(redis.exceptions.AuthenticationError):
        redis.Redis(port=port).ping()
