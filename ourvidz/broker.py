"""Which broker carries messages, by its url: Redis, or RabbitMQ for sites that have one (amqp://).
Imports nothing, since the settings are made of it. Not for what is sent: see jobs/queue.py.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

AMQP = ("amqp", "amqps")
# A request waits for the doorbell: a server that does not answer must not hold it up for long.
PATIENCE = {
    "connection_attempts": "1",
    "socket_timeout": "2",
    "stack_timeout": "4",
    "blocked_connection_timeout": "5",
}


def dramatiq_broker(url: str, namespace: str) -> dict[str, Any]:
    """Return `BROKER` and `OPTIONS` of DRAMATIQ_BROKER.

    RabbitMQ knows no prefix: there each installation has a virtual host of its own, in the url.
    """
    if urlsplit(url).scheme not in AMQP:
        options = {"url": url, "namespace": f"{namespace}:dramatiq"}
        return {"BROKER": "dramatiq.brokers.redis.RedisBroker", "OPTIONS": options}
    return {
        "BROKER": "dramatiq.brokers.rabbitmq.RabbitmqBroker",
        # Confirmed, or a queue that was deleted would swallow what is sent to it.
        "OPTIONS": {"url": _impatient(url), "confirm_delivery": True},
    }


def _impatient(url: str) -> str:
    """Add limits of time to a url that names none of its own."""
    parts = urlsplit(url)
    query = urlencode(PATIENCE | dict(parse_qsl(parts.query)))
    return urlunsplit(parts._replace(query=query))
