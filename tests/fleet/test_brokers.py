"""RabbitMQ as the broker, as far as it goes without one: which broker a url means, and that one
that does not answer holds nobody up and loses nothing. A real one is in test_rabbitmq.py, Redis in
test_broker_account.py.
"""

from __future__ import annotations

import time
from typing import Any

import dramatiq
import pytest
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.brokers.redis import RedisBroker

from jobs.queue import ring
from ourvidz.broker import dramatiq_broker
from ourvidz.models import uuid7
from tests import servers
from workers.gpu.config import Config
from workers.gpu.tasks import broker_of, doorbell


def config(url: str) -> Config:
    """The configuration of a GPU worker with this broker."""
    told = {"OURVIDZ_URL": "http://unused", "OURVIDZ_WORKER_TOKEN": "ovw_unused"}
    return Config.from_environment(told | {"OURVIDZ_BROKER_URL": url})


@pytest.fixture
def away() -> str:
    """The url of a RabbitMQ server that is not there."""
    return f"amqp://gpu:secret@127.0.0.1:{servers.free_port()}/ourvidz"


def test_a_url_chooses_the_sites_broker(away: str) -> None:
    redis = dramatiq_broker("unix:///run/redis.sock?db=1", "mine")
    assert redis["BROKER"].endswith("RedisBroker")
    assert redis["OPTIONS"]["namespace"] == "mine:dramatiq"
    rabbit = dramatiq_broker(f"{away}?socket_timeout=7", "mine")
    assert rabbit["BROKER"].endswith("RabbitmqBroker")
    broker: Any = RabbitmqBroker(**rabbit["OPTIONS"], middleware=[])
    given = broker.parameters
    assert (given.virtual_host, given.socket_timeout, given.connection_attempts) == (
        "ourvidz",
        7,
        1,
    )


def test_a_url_chooses_the_workers_broker(away: str) -> None:
    assert isinstance(broker_of(config("redis://127.0.0.1:1/0")), RedisBroker)
    broker: Any = broker_of(config(away))
    assert isinstance(broker, RabbitmqBroker)
    assert broker.parameters.virtual_host == "ourvidz"


def test_a_bell_that_cannot_ring_is_no_failure(away: str) -> None:
    before = dramatiq.get_broker()
    options = dramatiq_broker(away, "mine")["OPTIONS"]
    dramatiq.set_broker(RabbitmqBroker(**options, middleware=[]))
    began = time.monotonic()
    try:
        ring("gpu.image", uuid7())
    finally:
        dramatiq.set_broker(before)
    assert time.monotonic() - began < 20


def test_a_worker_lives_without_its_broker(away: str) -> None:
    """It goes on looking by itself, tries the broker again and again, and can be stopped."""
    loop: Any = object()
    worker = doorbell(config(away), loop)
    worker.start()
    time.sleep(0.5)
    assert all(consumer.is_alive() for consumer in worker.consumers.values())
    began = time.monotonic()
    worker.stop(timeout=2000)
    assert time.monotonic() - began < 20
