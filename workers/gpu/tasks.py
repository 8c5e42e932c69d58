"""The doorbell: a Dramatiq message that says "ask for jobs", and nothing else.

Its job id is only for logs. A lost, late or doubled message does no harm, so none is ever retried.
"""

import os
from typing import TYPE_CHECKING

# Read when dramatiq is imported: a busy worker must not hold bells that others could answer.
os.environ["dramatiq_queue_prefetch"] = "1"  # noqa: SIM112

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import AgeLimit, Retries, TimeLimit

from .config import Config

if TYPE_CHECKING:
    from .loop import Loop

MINUTE, DAY = 60_000, 86_400_000  # milliseconds
# How long an idle consumer sleeps at most: it polls Redis, a bell waits half of this on average.
IDLE, IDLE_DELAYED = 25, 1000  # milliseconds


class Broker(RedisBroker):
    """A Redis broker that looks often for bells, and seldom for bells with a delay."""

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = IDLE) -> dramatiq.Consumer:
        """The consumer of one queue; delayed messages have queues of their own, named ….DQ."""
        delayed = queue_name.endswith(".DQ")
        return super().consume(queue_name, prefetch, IDLE_DELAYED if delayed else timeout)


def broker_of(config: Config) -> dramatiq.Broker:
    """The broker at the configured url: RabbitMQ for amqp://, else Redis."""
    limits = [AgeLimit(max_age=10 * MINUTE), TimeLimit(time_limit=DAY), Retries(max_retries=0)]
    if config.broker_url.startswith(("amqp://", "amqps://")):
        # Its client is needed only there.
        from dramatiq.brokers.rabbitmq import RabbitmqBroker

        return RabbitmqBroker(url=config.broker_url, middleware=limits)
    # The server looks after what dead workers left: that lists keys, which our account may not.
    namespace = f"{config.namespace}:dramatiq"
    return Broker(
        url=config.broker_url, middleware=limits, namespace=namespace, maintenance_chance=0
    )


def doorbell(config: Config, loop: "Loop") -> dramatiq.Worker:
    """A worker of one thread that rings the loop for every message; not started yet."""
    broker = broker_of(config)
    for queue in config.queues:
        broker.declare_queue(queue)

    @dramatiq.actor(broker=broker, queue_name=config.queues[0])
    def gpu_wake(job_id: str) -> None:
        """Ask the server for jobs until none is left; it decides which, not `job_id`."""
        loop.ring()

    queues = set(config.queues)
    return dramatiq.Worker(broker, queues=queues, worker_threads=1, worker_timeout=IDLE)
