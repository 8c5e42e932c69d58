"""The storage's periodic work, on the queue `control`. Actors only say which service runs when. Not
for what the sweep does: see ourvidz/storage/sweep.py.
"""

from __future__ import annotations

import dramatiq
from dramatiq_crontab import cron, interval

from ourvidz.storage import sweep

HOME_SECONDS = 300
HOUR = 3600 * 1000
# The next one does the same, so a late or failed one is neither kept nor repeated.
ONCE = {"queue_name": "control", "max_retries": 0, "time_limit": 6 * HOUR}


@interval(seconds=HOME_SECONDS)
@dramatiq.actor(max_age=HOME_SECONDS * 1000, **ONCE)  # type: ignore[call-overload, untyped-decorator, unused-ignore]
def bring_files_home() -> None:
    """Bring home what had to go to the alternative storage."""
    sweep.bring_home()


@cron("40 3 * * *")
@dramatiq.actor(max_age=HOUR, **ONCE)  # type: ignore[call-overload, untyped-decorator, unused-ignore]
def sweep_storage() -> None:
    """Remove what no row points at and rows whose time is over, once a night."""
    sweep.sweep()
