"""From a commit to every socket that should hear of it, with 10, 200 and 1,000 open: of as many
people, and all of one. What a socket costs the server in memory. Not for what a page does then.
"""

from __future__ import annotations

import time
from functools import partial
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

from benchmarks._report import median, percentile, report
from benchmarks._tabs import Tabs

# The most first: memory that was used before would be used again.
SIZES = (1000, 200, 10)
CHANGES, WARM_UP, PAUSE_SECONDS = 100, 5, 0.02
# Of one person, every socket of every change is a sample: fewer changes are enough.
SHARED_CHANGES, SHARED_PAUSE_SECONDS = 20, 0.2
GOALS = {
    "median": "goal of the queue's issue: < 10 ms at 200 sockets",
    "p99": "goal of the queue's issue: < 50 ms at 1,000 sockets on two cores",
}


def measure(site: Any) -> None:
    """Measure all of it and report."""
    from benchmarks.realtime import session_of
    from tests.factories import UserFactory

    people = [UserFactory() for _ in range(max(SIZES))]
    sessions = [session_of(person) for person in people]
    for size in SIZES:
        grown = [resident(site)]
        with Tabs(site, sessions[:size], partial(_note, grown, site)) as tabs:
            samples = [
                latency
                for number in range(CHANGES + WARM_UP)
                for latency in _heard(tabs, people[number % size], 1, PAUSE_SECONDS)
            ][WARM_UP:]
        _tell(f"{size} sockets of as many people", samples)
        if size == max(SIZES):
            _memory(grown)
        with Tabs(site, [sessions[0]] * size) as tabs:
            rounds = range(SHARED_CHANGES + WARM_UP)
            shared = [_heard(tabs, people[0], size, SHARED_PAUSE_SECONDS) for _ in rounds]
        _tell(f"all {size} sockets of one person", list(chain(*shared[WARM_UP:])))


def _heard(tabs: Tabs, person: Any, count: int, pause: float) -> list[float]:
    """Commit a change; the milliseconds until each of so many sockets has heard of it."""
    time.sleep(pause)
    tabs.heard.clear()
    committed = _change(person)
    return [(at - committed) * 1000 for at in tabs.wait_for(count).values()]


def _change(person: Any) -> float:
    """Change something of a person's; returns when it was committed (seconds since 1970)."""
    from django.db import transaction

    from ourvidz import feed
    from ourvidz.rows import as_user

    stamps: list[float] = []
    with as_user(person):
        # The first of the callbacks: it runs when the commit has returned.
        transaction.on_commit(lambda: stamps.append(time.time()))
        feed.publish(person.pk, "profile.changed", {})
    return stamps[0]


def _tell(which: str, samples: list[float]) -> None:
    for kind, value in (("median", median(samples)), ("p99", percentile(samples, 0.99))):
        report(
            f"commit to message, {which}: {kind}",
            value=value,
            unit="ms",
            goal="< 10" if kind == "median" else "< 50",
            reference=GOALS[kind],
            samples=samples,
        )


def _note(grown: list[int], site: Any) -> None:
    grown.append(resident(site))


def resident(site: Any) -> int:
    """Return the web process's memory in bytes."""
    status = Path(f"/proc/{site.web.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) * 1024


def _memory(grown: list[int]) -> None:
    """`grown` is what the process had before and after each socket was opened."""
    kib = [(after - before) / 1024 for before, after in pairwise(grown)]
    report(
        f"memory of the web process for each of {len(kib)} sockets",
        value=sum(kib) / len(kib),
        unit="KiB",
        goal="<= 200",
        reference="our own goal: a gigabyte for 5,000",
        samples=kib,
    )
