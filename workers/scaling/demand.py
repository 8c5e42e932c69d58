"""How much work there is for a pool: GPU seconds that wait and arrive, by what jobs cost.

Not for what is done about it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection

from workers.scaling.policy import Demand

WINDOW_SECONDS = 300

# A job that waits for a pause or a time of its own is not work yet.
WORK = """
    SELECT
      coalesce(sum(cost) FILTER (WHERE status = 'queued'), 0),
      count(*)
    FROM jobs
    WHERE queue = ANY(%(queues)s)
      AND (status = 'running'
        OR status = 'queued' AND paused_at IS NULL
          AND (not_before IS NULL OR not_before <= clock_timestamp()))
"""
ARRIVED = """
    SELECT coalesce(sum(cost), 0) FROM jobs
    WHERE queue = ANY(%(queues)s)
      AND created_at > clock_timestamp() - make_interval(secs => %(window)s)
"""


def demand(queues: Sequence[str]) -> Demand:
    """Return the work in these queues. Needs the system's identity."""
    params: dict[str, Any] = {"queues": list(queues), "window": WINDOW_SECONDS}
    with connection.cursor() as cursor:
        cursor.execute(WORK, params)
        waiting, jobs = cursor.fetchone()
        cursor.execute(ARRIVED, params)
        (arrived,) = cursor.fetchone()
    return Demand(waiting=float(waiting), arriving=float(arrived) / WINDOW_SECONDS, jobs=jobs)
