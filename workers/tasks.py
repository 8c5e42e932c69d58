"""The fleet's periodic work, on the queue `control`: lost leases, silent workers, lost doorbells.
Actors only say which service runs as whom. Not for the GPU process's own actor: see workers/gpu.
"""

from __future__ import annotations

import dramatiq
from dramatiq_crontab import interval

from jobs import leases, queue
from ourvidz.rows import as_service
from workers import services
from workers.models import WorkerUrl

QUEUE = "control"
SWEEP_SECONDS = 5
# The next one does the same, so a late or failed one is neither kept nor repeated.
ONCE = {"queue_name": QUEUE, "max_retries": 0, "max_age": 4 * SWEEP_SECONDS * 1000}


@interval(seconds=SWEEP_SECONDS)
@dramatiq.actor(**ONCE)  # type: ignore[call-overload, untyped-decorator, unused-ignore]
def sweep_leases() -> None:
    """Take back the jobs of workers that went away, then ring for whatever waits."""
    with as_service("sweep leases"):
        leases.sweep_leases()
    ring_again()


@interval(seconds=SWEEP_SECONDS)
@dramatiq.actor(**ONCE)  # type: ignore[call-overload, untyped-decorator, unused-ignore]
def sweep_worker_health() -> None:
    """Mark workers that were not heard of."""
    with as_service("worker health"):
        services.sweep_worker_health()


def ring_again() -> None:
    """Ring for jobs whose doorbell may be lost, at most once for each worker that seems idle.

    Busy workers ask for the next job themselves, so bells would only pile up behind them.
    """
    with as_service("doorbells"):
        waiting = leases.waiting_bells()
        idle = WorkerUrl.objects.alive().filter(current_job_id=None)
        free = {name: idle.filter(queues__contains=[name]).count() for name in waiting}
    for name, job_ids in waiting.items():
        for job_id in job_ids[: free[name]]:
            queue.ring(name, job_id)
