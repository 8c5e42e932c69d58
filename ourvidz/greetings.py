"""What a page may bring to its socket: the right origin, and one kind of small message. Not for who
may come in: see visitors.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

MESSAGE_LIMIT = 256


def same_origin(scope: Mapping[str, Any]) -> bool:
    """Say whether a page of this very site opens the socket: cookies know no ports, so another
    program on the same host could use a person's session otherwise."""
    headers = dict(scope["headers"])
    origin = headers.get(b"origin", b"").decode("latin1")
    host = headers.get(b"host", b"").decode("latin1")
    return origin in settings.CSRF_TRUSTED_ORIGINS or (bool(host) and _netloc(origin) == host)


def _netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def is_greeting(text: str) -> bool:
    """Say whether a message is {"type": "hello", "head": <the page's seq, or null>}."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return False
    if not isinstance(message, dict) or set(message) != {"type", "head"}:
        return False
    head = message["head"]
    # Not isinstance: True is an integer too.
    return message["type"] == "hello" and (head is None or (type(head) is int and head >= 0))


class Allowance:
    """How often somebody may speak: `most` times at once, then again at `rate` a second."""

    def __init__(self, most: float, rate: float, clock: Callable[[], float]) -> None:
        self.most = most
        self.rate = rate
        self.clock = clock
        self.left = most
        self.at = clock()

    def take(self) -> bool:
        """Use one up; returns False where none is left."""
        now = self.clock()
        self.left = min(self.most, self.left + (now - self.at) * self.rate)
        self.at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True
