"""The doorbell: a message that says "there is work on this queue", with a job's id and nothing
else. Lost, late or doubled messages do no harm, since a worker that wakes claims by row. Not for
actors: nobody imports one to enqueue.
"""

from __future__ import annotations

import logging
import uuid

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from redis.exceptions import RedisError

from ourvidz import bells

log = logging.getLogger(__name__)

ACTOR = "gpu_wake"


def ring(queue: str, job_id: uuid.UUID) -> None:
    """Wake a worker of the queue. A broker that does not answer is no failure: the sweep rings
    again. Workers without a broker wait in their claim, and hear of it there."""
    bells.ring(queue)
    message: dramatiq.Message[None] = dramatiq.Message(
        queue_name=queue, actor_name=ACTOR, args=(str(job_id),), kwargs={}, options={}
    )
    broker = dramatiq.get_broker()
    try:
        broker.declare_queue(queue)
        broker.enqueue(message)
        if isinstance(broker, RedisBroker):
            # Consumers of Redis poll; ours sleep until they are told.
            broker.client.publish(f"{broker.namespace}:bells", queue)
    except (dramatiq.errors.ConnectionError, RedisError, OSError) as error:
        log.warning("The doorbell of %s did not ring: %s", queue, error)
