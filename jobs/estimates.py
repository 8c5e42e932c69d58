"""What a request would cost and when it would be ready, without queueing it. Not for jobs that wait
already: places.py tells those.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from jobs import fairness
from jobs.crew import Waiting
from jobs.places import times_of, waiting
from jobs.services import checked_request
from jobs.specs import JobSpec
from ourvidz.rows import as_service

# Where the line is too long to be played through: what goes first, shared by those who work.
BEFORE = """
    SELECT coalesce(sum(cost) FILTER (WHERE status = 'queued' AND paused_at IS NULL AND
             (priority > %(priority)s OR priority = %(priority)s AND start_tag <= %(start)s)), 0)
         + coalesce(sum(greatest(0, cost - extract(epoch FROM clock_timestamp() - started_at)))
             FILTER (WHERE status = 'running'), 0),
      (SELECT count(*) FROM worker_urls WHERE status = 'active' AND %(queue)s = ANY(queues))
    FROM jobs WHERE queue = %(queue)s AND status IN ('queued', 'running')
"""


@dataclass(frozen=True)
class Estimate:
    """`cost` in GPU seconds for all items; seconds until the first and the last would be ready, or
    None where nobody works on such jobs now.
    """

    items: int
    cost: float
    first_ready_in: float | None
    ready_in: float | None


def estimate(*, user: Any, spec: JobSpec) -> Estimate:
    """Check a request as `queue_job` does and say what it would take. Raises Refused."""
    preset, request, seeds = checked_request(user, spec)
    cost = fairness.expected_seconds(preset, request["parameters"])
    total = round(cost * len(seeds), 2)
    # One that starts from a reference is made alone.
    words = None if request["references"] else request["negative_prompt"]
    asked = [
        waiting(preset.queue, preset.slug, cost, spec.priority, start, words=words)
        for start, _finish in fairness.tags(user.pk, [cost] * len(seeds))
    ]
    with as_service("estimate"):
        ready = _ready(asked)
    if None in ready:
        return Estimate(len(seeds), total, None, None)
    known = [seconds for seconds in ready if seconds is not None]
    return Estimate(len(seeds), total, round(min(known), 1), round(max(known), 1))


def _ready(asked: Sequence[Waiting]) -> list[float | None]:
    """Return when each would be ready, None where nobody works on such jobs."""
    times = times_of(asked)
    if times is not None:
        return [each and each[1] for each in times]
    first = asked[0]
    given: dict[str, Any] = {
        "queue": first.queue,
        "priority": first.priority,
        "start": first.tag,
    }
    with connection.cursor() as cursor:
        cursor.execute(BEFORE, given)
        before, workers = cursor.fetchone()
    if not workers:
        return [None for _job in asked]
    return [(float(before) + job.cost * turn) / workers for turn, job in enumerate(asked, 1)]
