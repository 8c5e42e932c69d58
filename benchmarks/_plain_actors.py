"""A Dramatiq actor that does nothing but count, on a site's broker, with all of Dramatiq's own
defaults: what a queue costs that promises nothing. Not the process's own broker: whoever queues our
jobs beside it still rings ours. Run: dramatiq benchmarks._plain_actors:broker
"""

from __future__ import annotations

import os

import dramatiq
import redis
from dramatiq.brokers.redis import RedisBroker

COUNT = "benchmark:plain-actors"
server = redis.Redis.from_url(os.environ["REDIS_URL"])
broker = RedisBroker(url=os.environ["REDIS_URL"], namespace="benchmark-plain")


@dramatiq.actor(broker=broker, queue_name="plain")
def nothing() -> None:
    """Count that it ran."""
    server.incr(COUNT)


def ran() -> int:
    """How many have run."""
    return int(server.get(COUNT) or 0)  # type: ignore[arg-type]
