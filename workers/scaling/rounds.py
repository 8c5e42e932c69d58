"""One round for a pool: see what the provider has, decide, start and stop. Every few seconds, by
one process at a time. Not for the rules: see policy.

A machine has its row, and its worker, before the provider hears of it, and carries the row's id in
its name: whatever breaks in between, no machine is paid for that nobody knows.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils import timezone

from jobs.models import Job
from ourvidz.rows import as_service
from workers import services
from workers.models import PoolMachine, WorkerPool, WorkerUrl
from workers.scaling import providers
from workers.scaling.demand import demand
from workers.scaling.policy import Decision, Limits, Surplus, Unit, decide
from workers.scaling.providers import Machine, Provider, ProviderError
from workers.scaling.spending import budget_left

log = logging.getLogger(__name__)

Status = PoolMachine.Status
REASONS = {
    "work": "As much as there is work.",
    "minimum": "The minimum.",
    "maximum": "The maximum; there is work for more.",
    "budget": "What is left of the day's budget.",
}


@dataclass(frozen=True)
class Round:
    """A pool, whoever rents its machines, and now."""

    pool: WorkerPool
    provider: Provider
    now: datetime

    def run(self) -> Decision:
        """Do all of it. Raises ProviderError; what was done until then stays done."""
        self.look()
        decision = _decision(self.pool, self.now)
        for _ in range(decision.start):
            self.start()
        self.drain(decision.stop)
        self.give_back()
        return decision

    def look(self) -> None:
        """Bring rows and machines together: what is gone, what failed, what nobody knows."""
        there = {machine.name: machine for machine in self.provider.machines(prefix(self.pool))}
        with as_service("scaling"):
            rows = list(alive(self.pool))
        for row in rows:
            self.look_at(row, there.pop(name_of(row), None))
        for stray in there.values():
            log.warning("Pool %s: %s belongs to no row; it is stopped.", self.pool, stray.name)
            self.provider.stop(stray.id)

    def look_at(self, row: PoolMachine, machine: Machine | None) -> None:
        """Bring one row up to date."""
        if machine is None and row.provider_id:
            self.end(row, Status.FAILED, "The machine is gone.")
        elif machine is None:
            # It was never heard of: the provider refused, or we were cut off while it started.
            if self.age(row) > self.pool.start_seconds:
                self.end(row, Status.FAILED, row.failure or "The machine did not start.")
        elif machine.failure or self.is_overdue(row):
            self.provider.stop(machine.id)
            self.end(row, Status.FAILED, machine.failure or "No worker was heard of in time.")
        else:
            self.note(row, machine)

    def is_overdue(self, row: PoolMachine) -> bool:
        return row.status == Status.STARTING and self.age(row) > self.pool.start_seconds

    def age(self, row: PoolMachine) -> float:
        return (self.now - row.started_at).total_seconds()

    def note(self, row: PoolMachine, machine: Machine) -> None:
        """Write down what a machine does."""
        worker = row.worker
        row.provider_id = machine.id
        if machine.cost_per_hour is not None:
            row.cost_per_hour = Decimal(str(machine.cost_per_hour))
        if row.status == Status.STARTING and worker and worker.status == WorkerUrl.Status.ACTIVE:
            row.status, row.ready_at = Status.RUNNING, self.now
        with as_service("scaling"):
            row.save()

    def start(self) -> None:
        """Rent one machine."""
        row, token = self.made()
        try:
            machine = self.provider.start(name_of(row), environment(self.pool, token))
        except ProviderError as error:
            self.end(row, Status.FAILED, str(error))
            raise
        self.note(row, machine)

    def made(self) -> tuple[PoolMachine, str]:
        """Return the row of a machine that is about to be rented, and its worker's token."""
        with as_service("scaling"):
            row = PoolMachine(
                pool=self.pool, started_at=self.now, cost_per_hour=self.pool.cost_per_hour
            )
            name = f"{self.pool.name}/{row.pk.hex[-8:]}"
            token = services.issue_worker_token(name=name)
            row.worker = WorkerUrl.objects.get(name=name)
            row.save(force_insert=True)
            WorkerPool.objects.filter(pk=self.pool.pk).update(last_started_at=self.now)
        return row, token

    def drain(self, ids: Iterable[Any]) -> None:
        """Let machines take no more jobs."""
        for row_id in ids:
            with as_service("scaling"):
                row = PoolMachine.objects.get(pk=row_id)
                row.status = Status.DRAINING
                row.save()
                if row.worker_id:
                    services.set_worker_status(
                        worker_id=row.worker_id, status=WorkerUrl.Status.DRAINING
                    )

    def give_back(self) -> None:
        """Stop the machines that drained and have nothing in hand."""
        with as_service("scaling"):
            rows = [row for row in alive(self.pool) if row.status == Status.DRAINING]
            free = [row for row in rows if row.worker is None or not is_busy(row.worker)]
        for row in free:
            if row.provider_id:
                self.provider.stop(row.provider_id)
            self.end(row, Status.STOPPED)

    def end(self, row: PoolMachine, status: str, failure: str = "") -> None:
        """A machine is no more; its token is worthless from now on."""
        if failure:
            log.warning("Pool %s: %s: %s", self.pool, name_of(row), failure)
        row.status, row.failure, row.stopped_at = status, failure, self.now
        with as_service("scaling"):
            row.save()
            if row.worker_id:
                services.revoke_worker_token(worker_id=row.worker_id)
                gone = WorkerUrl.Status.GONE
                services.set_worker_status(worker_id=row.worker_id, status=gone)


def scale(pool: WorkerPool, now: datetime | None = None) -> Decision:
    """Run a pool's round, and note how it went. A provider that fails is noted, not raised."""
    now = now or timezone.now()
    with as_service("scaling"):
        pool.refresh_from_db()
    try:
        provider = providers.of(pool)
        decision = Round(pool, provider, now).run() if provider else _decision(pool, now)
        note = REASONS[decision.reason]
    except ProviderError as error:
        decision, note = _decision(pool, now), str(error)
        log.warning("Pool %s: %s", pool, note)
    _remember(pool, decision, note, now)
    return decision


def _decision(pool: WorkerPool, now: datetime) -> Decision:
    with as_service("scaling"):
        return decided(pool, now)


def _remember(pool: WorkerPool, decision: Decision, note: str, now: datetime) -> None:
    peak = decision.peak
    since = None if peak is None else pool.surplus_since or now
    with as_service("scaling"):
        WorkerPool.objects.filter(pk=pool.pk).update(
            wanted=decision.wanted, note=note, surplus_since=since, surplus_peak=peak or 0
        )


def decided(pool: WorkerPool, now: datetime) -> Decision:
    """Return what a pool should do now. Needs the system's identity."""
    off = not pool.is_enabled
    limits = Limits(
        minimum=0 if off else pool.minimum,
        maximum=0 if off else pool.maximum,
        target_wait=pool.target_wait_seconds,
        idle=0.0 if off else pool.idle_seconds,
        cool_down=pool.cool_down_seconds,
        cost_per_hour=float(pool.cost_per_hour),
        budget_left=budget_left(pool, now),
    )
    units = [_unit(row) for row in alive(pool)]
    since_start = _seconds_since(pool.last_started_at, now)
    since = _seconds_since(pool.surplus_since, now)
    surplus = None if since is None else Surplus(since, pool.surplus_peak)
    return decide(limits, demand(pool.queues), units, since_start, surplus)


def alive(pool: WorkerPool) -> Any:
    """Return the rows of a pool's machines that are paid for."""
    rows = PoolMachine.objects.filter(pool=pool, status__in=PoolMachine.ALIVE)
    return rows.select_related("worker").order_by("started_at")


def is_busy(worker: WorkerUrl) -> bool:
    """Whether a worker has a job in hand. A heartbeat may be late, a lease is not."""
    running = Job.objects.filter(worker_id=worker.pk, status=Job.Status.RUNNING)
    return worker.current_job_id is not None or running.exists()


def _unit(row: PoolMachine) -> Unit:
    busy = row.status == Status.STARTING or (row.worker is not None and is_busy(row.worker))
    return Unit(row.pk, busy, draining=row.status == Status.DRAINING)


def _seconds_since(when: datetime | None, now: datetime) -> float | None:
    return None if when is None else (now - when).total_seconds()


def prefix(pool: WorkerPool) -> str:
    """Return how the names of a pool's machines begin: no other installation's begin so."""
    return f"{settings.NAMESPACE}-{pool.name}-{pool.pk.hex[-6:]}-"


def name_of(row: PoolMachine) -> str:
    """Return the name that a machine has at its provider."""
    return f"{prefix(row.pool)}{row.pk.hex}"


def environment(pool: WorkerPool, token: str) -> dict[str, str]:
    """Return what a machine's worker is told."""
    told = {
        "OURVIDZ_URL": settings.SITE_URL,
        "OURVIDZ_WORKER_TOKEN": token,
        "OURVIDZ_QUEUES": ",".join(pool.queues),
        "OURVIDZ_NAMESPACE": settings.NAMESPACE,
    }
    if pool.provider == WorkerPool.Provider.LOCAL:
        told |= {
            "OURVIDZ_BROKER_URL": settings.BROKER_URL,
            "OURVIDZ_MODELS": str(settings.MODELS_DIR),
            "OURVIDZ_LORAS": str(settings.LORAS_DIR),
        }
    elif settings.WORKERS_BROKER_URL:
        told["OURVIDZ_BROKER_URL"] = settings.WORKERS_BROKER_URL
    return told
