"""A broker that doubles or loses what it is given, and the settings with which a site uses it. The
mode is the text of a file, so that it changes while all processes run. Not for anything but faults.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import dramatiq
from dramatiq.brokers.redis import RedisBroker

MODE_FILE = "CHAOS_BELLS"


class UnreliableBroker(RedisBroker):
    """Sends each message once, or twice (mode `double`), or never (mode `lose`)."""

    def enqueue(
        self, message: dramatiq.Message[Any], *, delay: int | None = None
    ) -> dramatiq.Message[Any]:
        mode = _mode()
        if mode == "lose":
            return message
        if mode == "double":
            super().enqueue(message, delay=delay)
        return super().enqueue(message, delay=delay)


def _mode() -> str:
    with suppress(OSError, KeyError):
        return Path(os.environ[MODE_FILE]).read_text().strip()
    return ""
