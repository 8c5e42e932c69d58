"""The fleet's periodic work, on the queue `control`: lost leases, silent workers, lost doorbells,
and pools that grow and shrink.
Actors only say which service runs as whom. Not for the GPU process's own actor: see workers/gpu.
"""

from __future__ import annotations

import dramatiq
from django.conf import settings
from django.utils import timezone
from dramatiq_crontab import cron, interval

from jobs import leases, queue
from ourvidz import live
from ourvidz.rows import as_service
from workers import chat, history, outages, services
from workers.models import WorkerPool, WorkerUrl
from workers.scaling import rounds

QUEUE = "control"
SWEEP_SECONDS = 5
SCALE_SECONDS = 15
# Longer than a round in which a provider is slow to answer about each machine.
SCALE_LOCK_SECONDS = 600
# The next one does the same, so a late or failed one is neither kept nor repeated.
ONCE = {"queue_name": QUEUE, "max_retries": 0, "max_age": 4 * SWEEP_SECONDS * 1000}


@interval(seconds=SWEEP_SECONDS)
@dramatiq.actor(**ONCE)  # type: ignore[call-overload, untyped-decorator, unused-ignore]
def sweep_leases() -> None:
    """Take back the jobs of workers that went away, then ring for whatever waits."""
    with as_service("sweep leases"):
        if outages.may_judge("leases", timezone.now()):
            leases.sweep_leases()
    ring_again()


@interval(seconds=SWEEP_SECONDS)
@dramatiq.actor(**ONCE)  # type: ignore[call-overload, untyped-decorator, unused-ignore]
def sweep_worker_health() -> None:
    """Mark workers that were not heard of."""
    with as_service("worker health"):
        if outages.may_judge("health", timezone.now()):
            services.sweep_worker_health()


@interval(seconds=settings.HEARTBEAT_SECONDS)
@dramatiq.actor(**ONCE)  # type: ignore[call-overload, untyped-decorator, unused-ignore]
def check_chat_workers() -> None:
    """Ask chat workers how they are, since they do not say so themselves."""
    chat.check_all()


@cron("20 4 * * *")
@dramatiq.actor(**ONCE)  # type: ignore[call-overload, untyped-decorator, unused-ignore]
def forget_worker_history() -> None:
    """Delete what is known of workers from more than a month ago."""
    with as_service("worker history"):
        history.forget_old()


@interval(seconds=SCALE_SECONDS)
@dramatiq.actor(**(ONCE | {"time_limit": SCALE_LOCK_SECONDS * 1000}))  # type: ignore[call-overload, untyped-decorator, unused-ignore]
def scale_pools() -> None:
    """Start and stop the machines of each pool."""
    with as_service("scaling"):
        pools = list(WorkerPool.objects.all())
    for pool in pools:
        with live.only_one(f"scale:{pool.pk}", SCALE_LOCK_SECONDS) as mine:
            if mine:
                rounds.scale(pool)


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
