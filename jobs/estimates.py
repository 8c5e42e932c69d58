"""What a request would cost and when it would be ready, without queueing it. Not for jobs that wait
already: places.py tells those.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection

from jobs import fairness
from jobs.services import checked_request
from jobs.specs import JobSpec
from ourvidz.rows import as_service

# Everybody's jobs that would go first, and what runs; the registry by its table's name, since it
# belongs to an app above this one.
BEFORE = """
    SELECT coalesce(sum(cost) FILTER (WHERE status = 'queued' AND paused_at IS NULL AND
             (priority > %(priority)s OR priority = %(priority)s AND start_tag <= %(start)s)), 0)
         + coalesce(sum(greatest(0, cost - extract(epoch FROM clock_timestamp() - started_at)))
             FILTER (WHERE status = 'running'), 0),
      (SELECT count(*) FROM worker_urls WHERE status = 'active' AND %(queue)s = ANY(queues)),
      (SELECT count(*) FROM worker_urls WHERE status = 'active' AND %(queue)s = ANY(queues)
         AND loaded_preset = %(preset)s)
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
    start = fairness.tags(user.pk, [cost])[0][0]
    asked: dict[str, Any] = {"queue": preset.queue, "preset": preset.slug, "start": start}
    with as_service("estimate"), connection.cursor() as cursor:
        cursor.execute(BEFORE, {**asked, "priority": spec.priority})
        before, workers, loaded = cursor.fetchone()
    total = cost * len(seeds)
    if not workers:
        return Estimate(len(seeds), round(total, 2), None, None)
    loading = 0.0 if loaded else preset.measured_load_seconds or 0.0
    wait = float(before) / workers + loading
    ready = wait + max(cost, total / workers)
    return Estimate(len(seeds), round(total, 2), round(wait + cost, 1), round(ready, 1))
