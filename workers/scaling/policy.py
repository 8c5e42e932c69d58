"""How many machines a pool wants, and which it starts and stops. Pure functions of what was
measured, so that a simulation of a day runs the very rules of the site. Not for doing any of it.

What waits should be made within the target wait, and what arrives must be made as it arrives:

    wanted = GPU seconds arriving a second + GPU seconds waiting / target wait

rounded up (down while nothing waits), between the minimum and the maximum, and no more than the
day's budget pays for another quarter of an hour. Machines are started at once, but only once in a
cool-down. When there have been more machines than were wanted for the whole idle time, those that
have nothing to do are given back, down to the most that were wanted meanwhile; when the budget is
spent, at once and also those that work, as soon as they have finished.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

# A machine that the budget does not pay for so long is not worth its start. In hours.
WORTHWHILE = 0.25


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What an operator has set: machines, seconds, and money (any currency, None: no limit)."""

    minimum: int
    maximum: int
    target_wait: float
    idle: float
    cool_down: float
    cost_per_hour: float = 0.0
    budget_left: float | None = None


@dataclass(frozen=True, kw_only=True)
class Demand:
    """GPU seconds that wait, GPU seconds that arrive a second, and how many jobs wait or run: more
    machines than jobs help nobody.
    """

    waiting: float
    arriving: float
    jobs: int


@dataclass(frozen=True)
class Unit:
    """A machine that is paid for. One that starts counts as busy; one that drains takes no more
    jobs.
    """

    id: object
    busy: bool = True
    draining: bool = False


@dataclass(frozen=True)
class Surplus:
    """For how many seconds there have been more machines than were wanted, and the most that were
    wanted meanwhile.
    """

    seconds: float
    peak: int


@dataclass(frozen=True)
class Decision:
    """How many are wanted, how many are started now, which are drained, and why. `peak` is the
    most that were wanted since there are too many, None where there are not, or where that time
    begins anew.
    """

    wanted: int
    start: int
    stop: tuple[object, ...]
    reason: str
    peak: int | None = None


def decide(
    limits: Limits,
    demand: Demand,
    units: Sequence[Unit],
    since_start: float | None = None,
    surplus: Surplus | None = None,
) -> Decision:
    """Return what to do. `since_start` is seconds since this pool last started a machine."""
    wanted, reason = wanted_machines(limits, demand)
    serving = [unit for unit in units if not unit.draining]
    if len(serving) < wanted:
        count = _starts(limits, wanted - len(serving), len(units), since_start)
        return Decision(wanted, count, (), reason)
    if len(serving) == wanted:
        return Decision(wanted, 0, (), reason)
    if _affordable(limits) == 0:
        return Decision(wanted, 0, _stops(serving, len(serving) - wanted), reason)
    peak = max(wanted, surplus.peak if surplus else 0)
    if (surplus.seconds if surplus else 0.0) < limits.idle:
        return Decision(wanted, 0, (), reason, peak)
    idle = [unit for unit in serving if not unit.busy]
    return Decision(wanted, 0, _stops(idle, len(serving) - peak), reason)


def _starts(limits: Limits, missing: int, there: int, since_start: float | None) -> int:
    if since_start is not None and since_start < limits.cool_down:
        return 0
    affordable = _affordable(limits)
    room = limits.maximum if affordable is None else affordable
    return max(0, min(missing, room - there))


def _stops(units: Sequence[Unit], count: int) -> tuple[object, ...]:
    # Those without work first.
    return tuple(unit.id for unit in sorted(units, key=lambda unit: unit.busy)[: max(0, count)])


def wanted_machines(limits: Limits, demand: Demand) -> tuple[int, str]:
    """Return how many machines the pool wants, and why."""
    needed = _needed(limits, demand)
    wanted = min(max(needed, limits.minimum), limits.maximum)
    affordable = _affordable(limits)
    if affordable is not None and affordable < wanted:
        return affordable, "budget"
    if needed > limits.maximum:
        return wanted, "maximum"
    return wanted, "work" if needed >= limits.minimum and needed else "minimum"


def _needed(limits: Limits, demand: Demand) -> int:
    if not demand.jobs:
        # Whole machines only: what arrives now and then finds one that was not idle for too long.
        return math.floor(demand.arriving)
    work = demand.arriving + demand.waiting / limits.target_wait
    return min(math.ceil(work - 1e-9), max(demand.jobs, math.ceil(demand.arriving)))


def _affordable(limits: Limits) -> int | None:
    if limits.budget_left is None or not limits.cost_per_hour:
        return None
    return max(0, math.floor(limits.budget_left / (limits.cost_per_hour * WORTHWHILE)))
