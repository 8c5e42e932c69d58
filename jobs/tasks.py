"""The actors of this app, on the queue `control`. They only say which service runs. Not for the
workers' own actor.
"""

from __future__ import annotations

import dramatiq
from dramatiq_crontab import cron, interval

from jobs import fetching, measures, outcomes
from jobs.webhooks import outbox
from jobs.webhooks.services import ACTOR as SEND_WEBHOOKS
from ourvidz import live
from ourvidz.rows import as_service

DAY = 24 * 3600 * 1000
MEASURE_SECONDS = 300
LATE_SECONDS = 5
WEBHOOK_SECONDS = 10
# Longer than a round with receivers that never answer.
WEBHOOK_LOCK_SECONDS = 90


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


@interval(seconds=LATE_SECONDS)
@dramatiq.actor(  # type: ignore[call-overload, untyped-decorator, unused-ignore]
    queue_name=fetching.QUEUE, max_retries=0, max_age=LATE_SECONDS * 1000
)
def give_up_late() -> None:
    """End the jobs that have not started by the time that their owners gave."""
    with as_service("late jobs"):
        outcomes.give_up_late()


@interval(seconds=WEBHOOK_SECONDS)
@dramatiq.actor(  # type: ignore[call-overload, untyped-decorator, unused-ignore]
    actor_name=SEND_WEBHOOKS,
    queue_name=fetching.QUEUE,
    max_retries=0,
    max_age=WEBHOOK_SECONDS * 1000,
    time_limit=WEBHOOK_LOCK_SECONDS * 1000,
)
def send_webhooks() -> None:
    """Tell webhooks what is due. One worker does so, that the others stay free for sweeps."""
    with live.only_one(SEND_WEBHOOKS, WEBHOOK_LOCK_SECONDS) as mine:
        if mine:
            outbox.send_due()


@cron("20 4 * * *")
@dramatiq.actor(  # type: ignore[call-overload, untyped-decorator, unused-ignore]
    queue_name=fetching.QUEUE, max_retries=0, max_age=DAY // 24
)
def forget_deliveries() -> None:
    """Forget what webhooks were told a month ago, once a night."""
    with as_service("webhooks"):
        outbox.forget_old()
