"""The doorbell: a message that says "there is work on this queue", with a job's id and nothing
else. Lost, late or doubled messages do no harm, since a worker that wakes claims by row. Not for
actors: nobody imports one to enqueue.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from redis.exceptions import RedisError

from ourvidz import bells
from ourvidz.parked import waiters

log = logging.getLogger(__name__)

ACTOR = "gpu_wake"


def ring(queue: str, *job_ids: uuid.UUID) -> None:
    """Wake a worker of the queue for each job. A broker that does not answer is no failure: the
    sweep rings again. Workers wait in their claim, and hear of it there: where one waits in this
    process, it is given what it may have at once, and nobody is rung for that."""
    given = waiters.give(queue)
    left = [job_id for job_id in job_ids if str(job_id) not in given]
    if left:
        _ring(queue, left)


def _ring(queue: str, job_ids: Sequence[uuid.UUID]) -> None:
    bells.ring(queue, len(job_ids))
    broker = dramatiq.get_broker()
    try:
        broker.declare_queue(queue)
        for job_id in job_ids:
            broker.enqueue(_message(queue, job_id))
        if isinstance(broker, RedisBroker):
            # Consumers of Redis poll; ours sleep until they are told.
            bells.publish(broker.client, f"{broker.namespace}:bells", queue, len(job_ids))
    except (dramatiq.errors.ConnectionError, RedisError, OSError) as error:
        log.warning("The doorbell of %s did not ring: %s", queue, error)


def _message(queue: str, job_id: uuid.UUID) -> dramatiq.Message[None]:
    return dramatiq.Message(
        queue_name=queue, actor_name=ACTOR, args=(str(job_id),), kwargs={}, options={}
    )
