"""Doorbells and whole jobs through a real RabbitMQ that deploy/rabbitmq.sh started: while it is
there, while it dies and comes back; and the workers' account, which reaches the gpu queues alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dramatiq
import httpx
import pika
import pytest
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from pika.exceptions import AMQPConnectionError, ChannelClosedByBroker

from accounts.services import issue_token
from jobs.models import Job, Preset
from jobs.queue import ring
from jobs.tasks import measure_presets
from ourvidz.broker import dramatiq_broker
from ourvidz.models import uuid7
from ourvidz.rows import as_service, as_user
from tests.fleet import rabbit as nodes
from tests.fleet.rabbit import Rabbit
from tests.fleet.test_brokers import config
from tests.site import LiveSite, wait_until
from tests.workers.conftest import PresetFactory, tiny_model
from workers.gpu.tasks import doorbell

__all__ = ["tiny_model"]
pytestmark = pytest.mark.skipif(
    nodes.program() is None,
    reason="no rabbitmq-server here: install the package rabbitmq-server (make test does, as root)",
)
QUEUES = ("gpu.image", "gpu.video")
START = 240.0  # seconds: a process imports torch first, on a machine that does much else


@pytest.fixture(scope="module")
def node() -> Iterator[Rabbit]:
    """A node that has started once."""
    made = Rabbit()
    try:
        made.start()
        yield made
    finally:
        made.remove()


@pytest.fixture
def rabbit(node: Rabbit) -> Rabbit:
    """The node, running, with empty queues."""
    if node.node is None or not node.node.running():
        node.start()
    connection = node.connect(node.site_url)
    for queue in QUEUES:
        connection.channel().queue_purge(queue)
    connection.close()
    return node


def site_broker(rabbit: Rabbit) -> RabbitmqBroker:
    """The broker as the site's settings make it."""
    return RabbitmqBroker(**dramatiq_broker(rabbit.site_url, "x")["OPTIONS"], middleware=[])


@contextmanager
def as_the_site(rabbit: Rabbit) -> Iterator[RabbitmqBroker]:
    """Ring through this node, as a site does whose BROKER_URL names it."""
    before, broker = dramatiq.get_broker(), site_broker(rabbit)
    dramatiq.set_broker(broker)
    try:
        yield broker
    finally:
        dramatiq.set_broker(before)
        broker.close()


class Bells:
    """Counts how often it was rung, in place of the loop that takes jobs."""

    def __init__(self) -> None:
        self.rung = 0
        self.lock = threading.Lock()

    def ring(self) -> None:
        with self.lock:
            self.rung += 1


@contextmanager
def listening(rabbit: Rabbit) -> Iterator[Bells]:
    """A GPU worker's own doorbell, with its account."""
    bells: Any = Bells()
    worker = doorbell(config(rabbit.gpu_url), bells)
    worker.start()
    try:
        yield bells
    finally:
        worker.stop(timeout=10_000)
        worker.broker.close()


def heard(rabbit: Rabbit) -> bool:
    """Whether somebody listens to both queues and nothing is left in them."""
    states = [rabbit.state(queue) for queue in QUEUES]
    return all(each.consumer_count and not each.message_count for each in states)


def test_doorbells_ring(rabbit: Rabbit) -> None:
    """The site declares the queues as the script made them, or the broker would refuse it."""
    with as_the_site(rabbit), listening(rabbit) as bells:
        for queue in QUEUES:
            ring(queue, uuid7())
        wait_until(lambda: bells.rung == 2, 30, "both bells ring")
        wait_until(lambda: heard(rabbit), 30, "both are acknowledged")


@pytest.mark.parametrize("end", [Rabbit.stop, Rabbit.kill])
def test_bells_outlive_the_server_and_both_sides_come_back(
    rabbit: Rabbit, end: Callable[[Rabbit], None]
) -> None:
    """What is heard but not yet acknowledged comes twice, which does no harm."""
    with as_the_site(rabbit):
        for _ in range(3):
            ring("gpu.image", uuid7())
        end(rabbit)
        # Nobody is held up, and nothing breaks, while it is away.
        ring("gpu.image", uuid7())
        rabbit.start()
        with listening(rabbit) as bells:
            wait_until(lambda: bells.rung >= 3, 30, "what was confirmed is still there")
            end(rabbit)
            rabbit.start()
            before = bells.rung
            ring("gpu.video", uuid7())
            wait_until(lambda: bells.rung > before and heard(rabbit), 60, "it hears again")


def test_a_queue_that_was_deleted_is_made_again(rabbit: Rabbit) -> None:
    with as_the_site(rabbit):
        ring("gpu.video", uuid7())
        connection = rabbit.connect(rabbit.site_url)
        connection.channel().queue_delete("gpu.video")
        connection.close()
        ring("gpu.video", uuid7())
    assert rabbit.state("gpu.video").message_count == 1


# What somebody with a worker's password may try. Each gets a channel.
FORBIDDEN: dict[str, Callable[[Any], Any]] = {
    "forge a bell": lambda channel: channel.basic_publish("", "gpu.image", b"{}"),
    "forge other work": lambda channel: channel.basic_publish("", "control", b"{}"),
    "send to an exchange": lambda channel: channel.basic_publish("amq.topic", "x", b"{}"),
    "hear other work": lambda channel: channel.basic_consume("control", print),
    "take other work": lambda channel: channel.basic_get("control"),
    "empty other queues": lambda channel: channel.queue_purge("control"),
    "delete other queues": lambda channel: channel.queue_delete("control"),
    "read dead letters": lambda channel: channel.basic_get("gpu.image.XQ"),
    "make a queue": lambda channel: channel.queue_declare("mine"),
    "make one like ours": lambda channel: channel.queue_declare("gpu.other"),
    "make one with no name": lambda channel: channel.queue_declare(""),
    "make an exchange": lambda channel: channel.exchange_declare("mine"),
    "delete an exchange": lambda channel: channel.exchange_delete("amq.topic"),
    "bind": lambda channel: channel.queue_bind("gpu.image", "amq.topic", "#"),
    "listen to the log": lambda channel: channel.queue_bind("gpu.image", "amq.rabbitmq.trace", "#"),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_the_workers_account_reaches_nothing_else(rabbit: Rabbit, what: str) -> None:
    site = site_broker(rabbit)
    site.declare_queue("control", ensure=True)
    site.close()
    connection = rabbit.connect(rabbit.gpu_url)
    channel = connection.channel()
    channel.confirm_delivery()
    with pytest.raises(ChannelClosedByBroker) as refused:
        FORBIDDEN[what](channel)
    assert refused.value.reply_code == 403
    connection.close()


@pytest.mark.parametrize(
    ("user", "password"),
    [("gpu", nodes.SITE), ("gpu", ""), ("ourvidz", nodes.GPU), ("guest", "guest"), ("x", "x")],
)
def test_nobody_comes_in_without_a_password(rabbit: Rabbit, user: str, password: str) -> None:
    with pytest.raises(AMQPConnectionError):
        rabbit.connect(rabbit.url(user, password))


def test_the_account_has_one_virtual_host(rabbit: Rabbit) -> None:
    where = pika.URLParameters(rabbit.gpu_url)
    where.virtual_host = "/"
    with pytest.raises(AMQPConnectionError):
        pika.BlockingConnection(where)


@pytest.fixture
def site(
    live_site: LiveSite, rabbit: Rabbit, monkeypatch: pytest.MonkeyPatch
) -> Iterator[LiveSite]:
    """A site whose messages all go through RabbitMQ."""
    monkeypatch.setenv("BROKER_URL", rabbit.site_url)
    live_site.web.stop()
    live_site.web.ensure_running()
    live_site.spawn_control_worker()
    yield live_site
    # The next test starts it anew, with Redis.
    live_site.web.stop()


@pytest.mark.heavy
@pytest.mark.timeout(600)
def test_whole_jobs_go_through_it_while_it_dies_and_comes_back(
    site: LiveSite, rabbit: Rabbit, user: Any, tiny_model: Path
) -> None:
    PresetFactory(source=str(tiny_model))
    ask = asking(site, user)
    first = ask(1)
    told = {"OURVIDZ_BROKER_URL": rabbit.gpu_url, "OURVIDZ_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    site.spawn_gpu_worker("rabbit", **told)
    wait_until(lambda: made(first), START, "a job is made")
    wait_until(lambda: heard(rabbit), 60, "the worker listens")
    before = ask(3)
    rabbit.kill()
    during = ask(2)
    rabbit.start()
    after = ask(2)
    wait_until(lambda: made(before + during + after), START, "every job is made")
    wait_until(lambda: heard(rabbit), 60, "the worker listens again")
    # The queue that is not the workers' has come back as well: there the site learns from its jobs.
    with as_the_site(rabbit) as broker:
        broker.enqueue(measure_presets.message())
    wait_until(lambda: Preset.objects.get(slug="tiny").measured_seconds, 60, "it learns from them")


def asking(site: LiveSite, user: Any) -> Callable[[int], list[str]]:
    """Return `ask(count)`, which queues jobs over HTTP and returns their ids."""
    with as_user(user):
        _row, secret = issue_token(user=user, name="rabbit", scopes=["read", "write"])
    client = httpx.Client(headers={"Authorization": f"Bearer {secret}"}, timeout=60)

    def ask(count: int) -> list[str]:
        wanted = {"prompt": "a castle", "preset": "tiny", "count": count}
        answer = client.post(f"{site.url}/api/v1/jobs", json=wanted)
        assert answer.status_code == 202, answer.text
        return [job["id"] for job in answer.json()["jobs"]]

    return ask


def made(job_ids: list[str]) -> bool:
    with as_service("test"):
        jobs = Job.objects.filter(pk__in=job_ids, status=Job.Status.SUCCEEDED)
        return jobs.count() == len(job_ids)
