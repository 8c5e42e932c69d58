"""What a pool's machines cost: since midnight, and what is left of the day's budget. Not for what
is billed in the end: providers round up as they like.
"""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from workers.models import PoolMachine, WorkerPool


def budget_left(pool: WorkerPool, now: datetime) -> float | None:
    """Return the money left for today (UTC), or None where there is no limit."""
    if pool.budget_per_day is None:
        return None
    return float(pool.budget_per_day) - spent_today(pool, now)


def spent_today(pool: WorkerPool, now: datetime) -> float:
    """Return what the pool's machines have cost since midnight UTC."""
    midnight = now.astimezone(timezone.get_fixed_timezone(0)).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    machines = PoolMachine.objects.filter(pool=pool).exclude(stopped_at__lt=midnight)
    return sum(_cost(machine, midnight, now) for machine in machines)


def _cost(machine: PoolMachine, since: datetime, now: datetime) -> float:
    until = machine.stopped_at or now
    hours = max(0.0, (until - max(machine.started_at, since)).total_seconds()) / 3600
    return hours * float(machine.cost_per_hour)
