"""A simulated day of one pool, by the site's own rules of scaling (workers/scaling/policy.py): 10^5
jobs, images and videos, quiet at night and busy in the evening, with a sudden rush; up to 100
machines that take minutes to start. Against fixed fleets: one of the maximum, and one that costs
the same. No database and no clock: a minute for thirty days. Run: python -m benchmarks.autoscale
"""

from __future__ import annotations

import heapq
import math
import random
import sys
from collections import deque
from dataclasses import dataclass, field

from benchmarks._report import percentile, report
from workers.scaling.policy import Demand, Limits, Surplus, Unit, decide

SEEDS, JOBS, DAY, MAXIMUM = range(30), 100_000, 86_400, 100
ROUND, START, WINDOW = 15.0, 180.0, 300.0  # seconds
LIMITS = Limits(minimum=2, maximum=MAXIMUM, target_wait=60.0, idle=300.0, cool_down=30.0)
# GPU seconds of an image and of a video, and how many of the jobs are videos.
IMAGE, VIDEO, VIDEOS = 6.0, 120.0, 0.15
RUSH_AT, RUSH_SECONDS, RUSH_SHARE = 20 * 3600, 900, 0.015


@dataclass
class Worker:
    """A machine: when it can first take a job, when it is free again, and whether it still may."""

    number: int
    ready: float
    free: float
    draining: bool = False
    stopped: float | None = None
    worked: float = 0.0


@dataclass
class Fleet:
    """Machines, the line before them, and what came of it."""

    workers: list[Worker] = field(default_factory=list)
    line: deque[tuple[float, float]] = field(default_factory=deque)
    finishing: list[tuple[float, int]] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    paid: float = 0.0
    arrived: deque[tuple[float, float]] = field(default_factory=deque)
    last_start: float | None = None
    surplus: tuple[float, int] | None = None  # since when, and the most that were wanted

    def grow(self, count: int, now: float, delay: float) -> None:
        """Rent machines that are ready after a while."""
        for _ in range(count):
            number = len(self.workers)
            self.workers.append(Worker(number, now + delay, now + delay))
            heapq.heappush(self.finishing, (now + delay, number))
        self.last_start = now if count else self.last_start

    def take(self, now: float) -> None:
        """Let everybody who is free by now take from the line's front."""
        while self.finishing and self.finishing[0][0] <= now:
            when, number = heapq.heappop(self.finishing)
            worker = self.workers[number]
            if worker.draining:
                continue
            if not self.line:
                heapq.heappush(self.finishing, (math.nextafter(now, math.inf), number))
                return
            self.begin(worker, max(when, self.line[0][0]))

    def begin(self, worker: Worker, when: float) -> None:
        """One job of the line is made."""
        came, seconds = self.line.popleft()
        self.waits.append(when - came)
        worker.free = when + seconds
        worker.worked += seconds
        heapq.heappush(self.finishing, (worker.free, worker.number))

    def scale(self, now: float) -> None:
        """One round of the pool."""
        while self.arrived and self.arrived[0][0] < now - WINDOW:
            self.arrived.popleft()
        units = [
            Unit(each.number, each.free > now, each.draining)
            for each in self.workers
            if each.stopped is None
        ]
        running = sum(each.ready <= now < each.free for each in self.workers)
        demand = Demand(
            waiting=sum(seconds for _, seconds in self.line),
            arriving=sum(seconds for _, seconds in self.arrived) / WINDOW,
            jobs=len(self.line) + running,
        )
        since = None if self.last_start is None else now - self.last_start
        surplus = self.surplus and Surplus(now - self.surplus[0], self.surplus[1])
        decision = decide(LIMITS, demand, units, since, surplus)
        began = self.surplus[0] if self.surplus else now
        self.surplus = None if decision.peak is None else (began, decision.peak)
        self.grow(decision.start, now, START)
        for number in decision.stop:
            self.workers[int(str(number))].draining = True
            self.workers[int(str(number))].stopped = now


def main() -> None:
    """Simulate and report."""
    days = [a_day(seed) for seed in SEEDS]
    fleets = [simulated(day, None) for day in days]
    jobs, ours = days[0], fleets[0]
    hours = machine_hours(ours)
    full, same = simulated(jobs, MAXIMUM), simulated(jobs, round(hours * 3600 / DAY))
    for name, fleet in (("ours", ours), (f"fixed {MAXIMUM}", full), ("fixed, same cost", same)):
        print(described(name, fleet), file=sys.stderr)
    report(
        "machine hours of a day by the queue, of those of a fixed fleet of the maximum",
        value=hours / machine_hours(full),
        unit="ratio",
        goal="<= 0.5",
        samples=[machine_hours(fleet) / machine_hours(full) for fleet in fleets],
        reference=f"{len(jobs)} jobs, up to {MAXIMUM} machines, {START:.0f} s to start one",
    )
    report(
        "95th percentile of the wait, machines by the queue",
        value=percentile(ours.waits, 0.95),
        unit="s",
        goal=f"<= {LIMITS.target_wait:.0f}",
        samples=sorted(ours.waits)[:: max(1, len(ours.waits) // 1000)],
        reference=(
            f"a fixed fleet of the same cost {percentile(same.waits, 0.95):.0f} s, "
            f"of {MAXIMUM} machines {percentile(full.waits, 0.95):.1f} s"
        ),
    )


def a_day(seed: int) -> list[tuple[float, float]]:
    """When each job comes, and the GPU seconds that it takes; in order."""
    chance = random.Random(seed)
    rush = int(JOBS * RUSH_SHARE)
    times = [RUSH_AT + chance.random() * RUSH_SECONDS for _ in range(rush)]
    while len(times) < JOBS:
        hour = chance.random() * 24
        if chance.random() < activity(hour):
            times.append(hour * 3600)
    return [(when, seconds(chance)) for when in sorted(times)]


def activity(hour: float) -> float:
    """How much is asked for at an hour, of the evening's most."""
    return 0.55 - 0.45 * math.cos((hour - 7.5) * math.pi / 12)


def seconds(chance: random.Random) -> float:
    """A job's GPU seconds: around those of its kind, some much longer."""
    usual = VIDEO if chance.random() < VIDEOS else IMAGE
    return usual * chance.lognormvariate(-0.08, 0.4)


def simulated(jobs: list[tuple[float, float]], fixed: int | None) -> Fleet:
    """The day of a fleet that scales, or of a fixed one."""
    fleet = Fleet()
    fleet.grow(fixed or LIMITS.minimum, 0.0, 0.0)
    coming, now = deque(jobs), 0.0
    while coming or fleet.line or now < DAY:
        while coming and coming[0][0] <= now:
            job = coming.popleft()
            fleet.line.append(job)
            fleet.arrived.append(job)
            fleet.take(job[0])
        fleet.take(now)
        if fixed is None and now % ROUND == 0:
            fleet.scale(now)
        now += 1.0
    return fleet


def machine_hours(fleet: Fleet) -> float:
    """What the fleet's machines cost, in hours."""
    return (
        sum((each.stopped or DAY) - max(0.0, each.ready - START) for each in fleet.workers) / 3600
    )


def described(name: str, fleet: Fleet) -> str:
    """One line about a fleet."""
    hours, worked = machine_hours(fleet), sum(each.worked for each in fleet.workers) / 3600
    p50, p95, p99 = (percentile(fleet.waits, share) for share in (0.5, 0.95, 0.99))
    return (
        f"{name}: {len(fleet.waits)} jobs, wait p50 {p50:.1f} s, p95 {p95:.1f} s, p99 {p99:.1f} s, "
        f"{hours:.0f} machine hours, {worked / hours:.0%} of them at work"
    )


if __name__ == "__main__":
    main()
