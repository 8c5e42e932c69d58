"""How many machines a pool wants, and which it starts and stops. Pure functions of what was
measured, so that a simulation of a day runs the very rules of the site. Not for doing any of it.

What waits should be made within the target wait, and what arrives must be made as it arrives:

    wanted = GPU seconds arriving a second + GPU seconds waiting / target wait

rounded up (down while nothing waits), between the minimum and the maximum, and no more than the
day's budget pays for another quarter of an hour. Machines are started at once, but only once in a
cool-down; a machine is given back when it has had nothing to do for the idle time and is not
wanted, or when the budget is spent.
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
    """GPU seconds that wait or still have to run, GPU seconds that arrive a second, and how many
    jobs that is: more machines than jobs help nobody.
    """

    waiting: float
    arriving: float
    jobs: int


@dataclass(frozen=True)
class Unit:
    """A machine that is paid for. `idle` is seconds without work, None while it has some or still
    starts; one that drains takes no more jobs.
    """

    id: object
    idle: float | None = None
    draining: bool = False


@dataclass(frozen=True)
class Decision:
    """How many are wanted, how many are started now, which are drained, and why."""

    wanted: int
    start: int
    stop: tuple[object, ...]
    reason: str


def decide(
    limits: Limits, demand: Demand, units: Sequence[Unit], since_start: float | None
) -> Decision:
    """Return what to do. `since_start` is seconds since this pool last started a machine."""
    wanted, reason = wanted_machines(limits, demand)
    serving = [unit for unit in units if not unit.draining]
    missing = wanted - len(serving)
    if missing > 0:
        cool = since_start is not None and since_start < limits.cool_down
        room = max(0, (_affordable(limits) or limits.maximum) - len(units))
        return Decision(wanted, 0 if cool else min(missing, room), (), reason)
    return Decision(wanted, 0, _superfluous(limits, serving, -missing), reason)


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


def _superfluous(limits: Limits, serving: Sequence[Unit], count: int) -> tuple[object, ...]:
    """Return up to `count` machines to drain: the idle for longest first. Out of money, also those
    that work: they finish what they have.
    """
    out_of_money = _affordable(limits) == 0
    idle = [unit for unit in serving if unit.idle is not None and unit.idle >= limits.idle]
    pool = list(serving) if out_of_money else idle
    pool.sort(key=lambda unit: -(unit.idle or 0.0))
    return tuple(unit.id for unit in pool[:count])
