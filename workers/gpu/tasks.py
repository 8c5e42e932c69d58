"""The doorbell: a Dramatiq message that says "ask for jobs", and nothing else.

Its job id is only for logs. A lost, late or doubled message does no harm, so none is ever retried.
"""

import os
import time
from typing import TYPE_CHECKING, Any

# Read when dramatiq is imported: a busy worker must not hold bells that others could answer.
os.environ["dramatiq_queue_prefetch"] = "1"  # noqa: SIM112

import dramatiq
import redis
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import AgeLimit, Retries, TimeLimit

from .config import Config

if TYPE_CHECKING:
    from .loop import Loop

MINUTE, DAY = 60_000, 86_400_000  # milliseconds
# A consumer that is told of bells looks for itself only so often; one that is not (a server of an
# older release, an account that may not listen) polls, and a bell waits half of this on average.
TOLD, POLLS, POLLS_DELAYED = 500, 25, 1000  # milliseconds


class Broker(RedisBroker):
    """A Redis broker whose consumers hear of bells, and look seldom for bells with a delay."""

    def consume(
        self, queue_name: str, prefetch: int = 1, timeout: int = POLLS
    ) -> dramatiq.Consumer:
        """The consumer of one queue; delayed messages have queues of their own, named ….DQ."""
        if queue_name.endswith(".DQ"):
            return super().consume(queue_name, prefetch, POLLS_DELAYED)
        return Listening(self, super().consume(queue_name, prefetch, 1), queue_name)


class Listening(dramatiq.Consumer):
    """A consumer that sleeps until the server says that something was sent.

    Dramatiq's own polls: often, which costs an idle machine, or seldom, which costs a person.
    """

    def __init__(self, broker: Broker, inner: dramatiq.Consumer, queue_name: str) -> None:
        self.inner, self.queue_name = inner, queue_name
        self.held = 0  # messages being answered: meanwhile none is fetched, nor heard of twice
        self.ear = broker.client.pubsub(ignore_subscribe_messages=True)
        self.channel = f"{broker.namespace}:bells"
        self.heard, self.deaf = False, False

    def __next__(self) -> Any:
        message = next(self.inner)
        if message is None:
            self.rest()
        else:
            self.held += 1
        return message

    def ack(self, message: Any) -> None:
        """The message was answered."""
        self.held -= 1
        self.inner.ack(message)

    def nack(self, message: Any) -> None:
        """The message could not be answered."""
        self.held -= 1
        self.inner.nack(message)

    def requeue(self, messages: Any) -> None:
        """Give back what was not begun."""
        self.inner.requeue(messages)

    def rest(self) -> None:
        """Sleep until something was sent to our queue, or for as long as an idle consumer may."""
        if self.deaf:
            time.sleep(POLLS / 1000)
            return
        try:
            self.listen()
        except redis.exceptions.NoPermissionError:
            self.deaf = True
        except redis.ConnectionError as error:
            raise dramatiq.errors.ConnectionClosed(error) from None

    def listen(self) -> None:
        """Wait for a word. Until a first one came, nobody may be speaking; and while a message is
        held, the next one's word is heard too early."""
        if not self.ear.subscribed:
            self.ear.subscribe(self.channel)
        trusts = self.heard and not self.held
        until = time.monotonic() + (TOLD if trusts else POLLS) / 1000
        while (left := until - time.monotonic()) > 0:
            word = self.ear.get_message(timeout=left)
            if word is None:
                continue
            self.heard = True
            if word["data"].decode() == self.queue_name:
                return

    def close(self) -> None:
        """Give the connection back."""
        self.ear.close()
        self.inner.close()


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
    return dramatiq.Worker(broker, queues=queues, worker_threads=1, worker_timeout=POLLS)
