"""The actors of this app, on the queue `control`. They only say which service runs. Not for the
workers' own actor.
"""

from __future__ import annotations

import dramatiq
from dramatiq_crontab import interval

from jobs import fetching, measures
from ourvidz.rows import as_service

DAY = 24 * 3600 * 1000
MEASURE_SECONDS = 300


@dramatiq.actor(  # type: ignore[call-overload, untyped-decorator, unused-ignore]
    queue_name=fetching.QUEUE, max_retries=0, time_limit=7 * DAY
)
def fetch_model(slug: str) -> None:
    """Fetch a preset's model."""
    fetching.take_turn(slug)


@interval(seconds=MEASURE_SECONDS)
@dramatiq.actor(  # type: ignore[call-overload, untyped-decorator, unused-ignore]
    queue_name=fetching.QUEUE, max_retries=0, max_age=MEASURE_SECONDS * 1000
)
def measure_presets() -> None:
    """Learn from the latest jobs how long each preset takes."""
    with as_service("measure presets"):
        measures.measure_presets()
