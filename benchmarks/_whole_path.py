"""A job's whole path around an engine that does nothing: from the doorbell to the claim, and jobs a
second from the request to the stored result, beside plain Dramatiq actors on the same broker. Not
for what a claim costs in the database: see queue.py.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import dramatiq

from benchmarks._noop_worker import reached
from benchmarks._report import median, percentile, report

PROCESSES = 2
ROUNDS, BATCH, MESSAGES = 30, 16, 400
QUEUE = "gpu.image"
AT_ONCE = 16  # of an engine that makes jobs together, as a large GPU does
ALONE, TOGETHER = 64, 256  # jobs of a round: either is a second or two
BELLS, PAUSE_SECONDS, START_SECONDS = 60, 0.1, 60.0
WORKER = [sys.executable, "-u", "-m", "benchmarks._noop_worker"]
ACTORS = [sys.executable, "-m", "dramatiq", "benchmarks._plain_actors:broker", "--processes"]
BELL_GOAL = "a twentieth of the second in which a picture should begin"


def measure(site: Any, user: Any) -> None:
    """Measure both and report."""
    with _workers(site, "ringing") as workers:
        _bells("a doorbell", user, workers)
        _rates(site, user, "one after the other", ALONE)
    with _workers(site, "together", at_once=AT_ONCE):
        _rates(site, user, f"up to {AT_ONCE} together", TOGETHER)
    with _workers(site, "waiting", with_broker=False) as workers:
        _bells("a request that waits", user, workers)


@contextmanager
def _workers(
    site: Any, name: str, *, with_broker: bool = True, at_once: int = 1
) -> Iterator[list[Any]]:
    workers = [
        _worker(site, f"{name}-{number}", with_broker, at_once) for number in range(PROCESSES)
    ]
    yield workers
    for worker in workers:
        worker.stop()


def _worker(site: Any, name: str, with_broker: bool, at_once: int) -> Any:
    from ourvidz.rows import as_service
    from workers.services import issue_worker_token

    with as_service("benchmark"):
        token = issue_worker_token(name=name)
    return site.spawn(
        name,
        WORKER,
        OURVIDZ_URL=site.url,
        OURVIDZ_WORKER_TOKEN=token,
        OURVIDZ_BROKER_URL=site.broker_url() if with_broker else "",
        OURVIDZ_DEVICE="cpu",
        NOOP_AT_ONCE=str(at_once),
        DATABASE_URL="",
        DJANGO_SETTINGS_MODULE="",
    )


def _bells(how: str, user: Any, workers: list[Any]) -> None:
    """Queue one job at a time for idle workers; report how long each takes to reach an engine."""
    samples = []
    for number in range(BELLS + 3):
        [(job, committed)] = _queued(user, 1)
        _until(lambda: not _unfinished(), "the job is made")
        at = {k: v for worker in workers for k, v in reached(worker.output()).items()}[job]
        # The first ones wait for processes that start.
        if number >= 3:
            samples.append((at - committed) * 1000)
        time.sleep(PAUSE_SECONDS)
    report(
        f"from a job's commit to its engine, by {how}, claim included: median",
        value=median(samples),
        unit="ms",
        goal="<= 50",
        reference=f"{BELL_GOAL}; p95 {percentile(samples, 0.95):.0f} ms",
        samples=samples,
    )


def _rates(site: Any, user: Any, how: str, jobs: int) -> None:
    """Let rounds of ours and of plain actors follow each other."""
    from benchmarks import _plain_actors

    plain = site.spawn("plain", [*ACTORS, str(PROCESSES)])
    pairs = []
    for _ in range(ROUNDS + 1):
        ours = jobs / _clocked(lambda: _queued(user, jobs), lambda: not _unfinished())
        _until(_all_answered, "every bell is answered, so that nobody else works")
        until = _plain_actors.ran() + MESSAGES
        theirs = MESSAGES / _clocked(
            lambda: [_plain_actors.nothing.send() for _ in range(MESSAGES)],
            lambda count=until: _plain_actors.ran() >= count,  # type: ignore[misc]
        )
        pairs.append((ours, theirs))
    plain.stop()
    rates, actors = zip(*pairs[1:], strict=True)
    report(
        f"jobs a second from the request to the stored result, {how}, over plain Dramatiq actors",
        value=median([ours / theirs for ours, theirs in pairs[1:]]),
        unit="times",
        goal=">= 0.2",
        reference=f"{median(rates):.0f} jobs a second against {median(actors):.0f} actors that do "
        f"nothing, both on {PROCESSES} processes and the same Redis, in turns",
        samples=[ours / theirs for ours, theirs in pairs[1:]],
    )


def _clocked(act: Callable[[], Any], is_over: Callable[[], bool]) -> float:
    began = time.perf_counter()
    act()
    _until(is_over, "the round is over")
    return time.perf_counter() - began


def _queued(user: Any, count: int) -> list[tuple[str, float]]:
    """Queue so many jobs as requests do; return each with the second of its commit."""
    from django.db import transaction

    from jobs.services import queue_job
    from jobs.specs import JobSpec
    from ourvidz.rows import as_user

    found: list[tuple[str, float]] = []
    for begin in range(0, count, BATCH):
        stamps: list[float] = []
        spec = JobSpec(prompt="a castle", preset="starter-fast", count=min(BATCH, count - begin))
        with as_user(user):
            # The first of the callbacks: it runs when the commit has returned.
            transaction.on_commit(lambda at=stamps: at.append(time.time()))  # type: ignore[misc]
            jobs = queue_job(user=user, spec=spec)
        found += [(str(job.pk), stamps[0]) for job in jobs]
    return found


def _all_answered() -> bool:
    broker = dramatiq.get_broker()
    return broker.client.llen(f"{broker.namespace}:{QUEUE}") == 0  # type: ignore[attr-defined]


def _unfinished() -> int:
    from jobs.models import Job
    from ourvidz.rows import as_service

    with as_service("benchmark"):
        return Job.objects.unfinished().count()


def _until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"Not within {START_SECONDS:g} s: {what}")
        # Whoever asks all the time takes from what is measured.
        time.sleep(0.02)
