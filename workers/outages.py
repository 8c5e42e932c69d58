"""After an outage everybody is heard before anybody is counted as lost: while the database or the
broker was away no heartbeat could be written, and a sweep in the first moment would take every job
from workers that are well. Not for how long a lease is: see jobs/leases.py.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from ourvidz import live

# In heartbeats: silence of ours that is an outage, and the time in which everybody is heard.
SILENCE, HEARING = 2, 2
# The sweeps come so often by themselves.
ROUND = timedelta(seconds=5)
KEPT_SECONDS = 24 * 3600


def may_judge(what: str, now: datetime) -> bool:
    """Say whether a worker's silence means something now. Called once in each round of the sweep
    `what`, wherever it runs, when the database answers.

    Kept in Redis: one that was restarted and knows of no earlier round has been away.
    """
    beat = timedelta(seconds=settings.HEARTBEAT_SECONDS)
    before = live.redis().set(_key(what, "at"), now.timestamp(), ex=KEPT_SECONDS, get=True)
    if before is None or now.timestamp() - float(before) > (SILENCE * beat + ROUND).total_seconds():
        until = (now + HEARING * beat).timestamp()
        live.redis().set(_key(what, "hears-until"), until, ex=KEPT_SECONDS)
        return False
    until = float(live.redis().get(_key(what, "hears-until")) or 0)
    return now.timestamp() >= until


def _key(what: str, name: str) -> str:
    return f"{settings.NAMESPACE}:sweep:{what}:{name}"
