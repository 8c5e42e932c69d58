"""Who waits where: how many jobs of a person run and wait, each one's place in the line, and the
seconds until it is ready. Worked out for many people at once, from three or four queries whose cost
does not grow with the line. Not for the order itself: see fairness.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection

from jobs.crew import Crew, Hand, Times, Waiting
from jobs.models import Job
from ourvidz import live

# Further back nobody learns a place; and a page paints so many places at most.
LINE_LIMIT = 5000
PLACES_LIMIT = 100

# The index `jobs_fair_order` has this very order. Ids as text: thousands are read, few are told.
# Whether jobs are alike enough for one batch (see leases) is told here by what is cheap to read.
LINE = f"""
    SELECT job.id::text, user_id::text, job.queue, preset_slug, cost, job.priority, job.start_tag,
      passed_over, CASE WHEN attempt = 0 AND "references" = '[]' THEN negative_prompt END
    FROM (SELECT DISTINCT queue FROM model_presets) AS known, LATERAL (
        SELECT id, user_id, queue, cost, preset_slug, priority, start_tag, passed_over, attempt,
          "references", negative_prompt
        FROM jobs WHERE jobs.queue = known.queue AND status = 'queued' AND paused_at IS NULL
        ORDER BY priority DESC, start_tag, id LIMIT {LINE_LIMIT}
    ) AS job ORDER BY job.priority DESC, job.start_tag, job.id
"""
RUNNING = """
    SELECT id, user_id, queue, cost, extract(epoch FROM clock_timestamp() - started_at)::float,
      worker_id, preset_slug FROM jobs WHERE status = 'running'
"""
COUNTS = """
    SELECT user_id, count(*) FROM jobs
    WHERE status = 'queued' AND paused_at IS NULL AND user_id = ANY(%s::uuid[])
    GROUP BY user_id
"""
PAUSED = COUNTS.replace("paused_at IS NULL", "paused_at IS NOT NULL")
# The table of an app above this one, which therefore is known by name only.
WORKERS = """
    SELECT id, queues, loaded_preset, at_once, presets FROM worker_urls WHERE status = 'active'
"""
LOADS = """
    SELECT slug, measured_load_seconds FROM model_presets WHERE measured_load_seconds IS NOT NULL
"""


class Running(NamedTuple):
    """A job in a worker's hands, for `elapsed` seconds already."""

    id: uuid.UUID
    user_id: uuid.UUID
    queue: str
    cost: float
    elapsed: float
    worker_id: uuid.UUID | None
    preset: str


@dataclass
class Pool:
    """A line of its own, and how far it was walked along."""

    length: int = 0


@dataclass
class Person:
    """What one person is told."""

    running: int = 0
    waiting: int = 0
    paused: int = 0
    seconds: list[float | None] = field(default_factory=list)
    places: dict[str, dict[str, float]] = field(default_factory=dict)

    def fields(self) -> dict[str, Any]:
        """Return the fields of the moment `queue.places`."""
        known = [seconds for seconds in self.seconds if seconds is not None]
        all_known = len(known) == len(self.seconds) >= self.running + self.waiting
        return {
            "running": self.running,
            "waiting": self.waiting,
            "paused": self.paused,
            "ready_in": max(known, default=0.0) if all_known else None,
            "places": self.places,
        }


class Places:
    """The round `queue.places`: tells people who wait, and once more when their wait is over."""

    def __init__(self) -> None:
        self.told: set[uuid.UUID] = set()

    def __call__(self, people: list[uuid.UUID]) -> dict[uuid.UUID, dict[str, Any]]:
        """Return the moment's fields for each of `people` who should hear them."""
        found = places(people)
        over = (self.told & set(people)) - set(found)
        self.told = set(found)
        return found | {person: Person().fields() for person in over}


def places(people: Iterable[uuid.UUID]) -> dict[uuid.UUID, dict[str, Any]]:
    """Return the fields of `queue.places` for those of `people` who have unfinished jobs.

    Runs as the service: a place depends on everybody's jobs.
    """
    here = set(people)
    crew = _crew()
    line = _rows(LINE)
    told: dict[uuid.UUID, Person] = defaultdict(Person)
    strays = _hear_running(_running(), crew, here, told)
    times = crew.play(strays + [_waiting(row) for row in line])[len(strays) :]
    _walk_line(line, times, _pools(hand.queues for hand in crew.hands.values()), here, told)
    if len(line) >= LINE_LIMIT:
        for user_id, count in _rows(COUNTS, [list(here)]):
            told[user_id].waiting = count
    for user_id, count in _rows(PAUSED, [list(here)]):
        told[user_id].paused = count
    return {user_id: person.fields() for user_id, person in told.items()}


def place_of(job: Job) -> dict[str, float] | None:
    """Return one job's place and seconds, or None where it has none. As the service."""
    if job.status != Job.Status.QUEUED or job.paused_at is not None:
        return None
    told = places([job.user_id]).get(job.user_id, {"places": {}})
    return told["places"].get(str(job.pk))


def times_of(asked: Sequence[Waiting]) -> list[Times | None] | None:
    """Return the seconds until jobs would start and be ready if they were queued now, or None where
    the line is too long to be played through. As the service.
    """
    crew, line = _crew(), [_waiting(row) for row in _rows(LINE)]
    if len(line) >= LINE_LIMIT:
        return None
    strays = _hear_running(_running(), crew, set(), {})
    whole = [*line, *asked]
    # Sorting keeps the order of equals: who came first is before who asks.
    order = sorted(range(len(whole)), key=lambda at: (-whole[at].priority, whole[at].tag))
    times = crew.play([*strays, *[whole[at] for at in order]])[len(strays) :]
    found = dict(zip(order, times, strict=True))
    return [found[len(line) + number] for number in range(len(asked))]


def _crew() -> Crew:
    hands = [_hand(*row) for row in _rows(WORKERS)]
    return Crew(hands, dict(_rows(LOADS)), settings.JOB_AFFINITY_SECONDS)


def _hand(
    worker_id: uuid.UUID, queues: list[str], loaded: str, at_once: int, presets: list[str]
) -> Hand:
    return Hand(worker_id, tuple(sorted(queues)), loaded, at_once, tuple(presets))


def _running() -> list[Running]:
    return [Running(*row) for row in _rows(RUNNING)]


def _hear_running(
    running: Sequence[Running],
    crew: Crew,
    here: set[uuid.UUID],
    told: dict[uuid.UUID, Person],
) -> list[Waiting]:
    """Note who is at work, and for how long; returns the jobs of workers that are not heard of:
    somebody will have to do them.
    """
    progress = live.progress(job.id for job in running)
    left = [(job, _left(job, progress.get(str(job.id)))) for job in running]
    strays = [pair for pair in left if not crew.busy(pair[0].worker_id, pair[1])]
    for job, seconds in left:
        if job.user_id in here:
            told[job.user_id].running += 1
            told[job.user_id].seconds.append(seconds)
    return [Waiting(job.queue, job.preset, seconds) for job, seconds in strays]


def _left(job: Running, progress: dict[str, Any] | None) -> float:
    """Return the seconds a running job still needs: by its steps, else as was expected."""
    if progress and progress["step"]:
        return round(job.elapsed * (progress["of"] - progress["step"]) / progress["step"], 1)
    return round(max(0.0, job.cost - job.elapsed), 1)


def _waiting(row: tuple[Any, ...]) -> Waiting:
    _id, _user, queue, preset, cost, priority, tag, passed_over, words = row
    return waiting(queue, preset, cost, priority, tag, passed_over, words=words)


def waiting(
    queue: str,
    preset: str,
    cost: float,
    priority: int,
    tag: float,
    passed_over: float = 0.0,
    *,
    words: str | None,
) -> Waiting:
    """Return a job of the line; `words` are its negative prompt, None where it is made alone."""
    likeness = None if words is None else (preset, cost, words)
    return Waiting(queue, preset, cost, priority, tag, passed_over, likeness)


def _walk_line(
    line: Sequence[tuple[Any, ...]],
    times: Sequence[Times | None],
    pools: dict[str, Pool],
    here: set[uuid.UUID],
    told: dict[uuid.UUID, Person],
) -> None:
    """Go along everybody's jobs in fair order, and note the places of those who are here."""
    known = {str(user_id): user_id for user_id in here}
    for (job_id, user_id, queue, *_rest), given in zip(line, times, strict=True):
        pools[queue].length += 1
        if user_id not in known:
            continue
        person = told[known[user_id]]
        person.waiting += 1
        person.seconds.append(round(given[1], 1) if given else None)
        if len(person.places) < PLACES_LIMIT:
            person.places[job_id] = _place(pools[queue].length, given)


def _place(place: int, given: tuple[float, float] | None) -> dict[str, float]:
    """Return a place; and the seconds until it starts and is ready, where somebody works."""
    if given is None:
        return {"place": place}
    return {"place": place, "start": round(given[0], 1), "seconds": round(given[1], 1)}


def _pools(queues_of_workers: Iterable[Sequence[str]]) -> defaultdict[str, Pool]:
    """Return each queue's pool. A worker takes the first job of all its queues, so queues that
    share a worker are one line; a queue that nobody serves is a line of its own.
    """
    pools: defaultdict[str, Pool] = defaultdict(Pool)
    for queues in queues_of_workers:
        met = {id(pools[queue]): pools[queue] for queue in queues}
        joined = Pool()
        for queue in [name for name, pool in pools.items() if id(pool) in met]:
            pools[queue] = joined
    return pools


def _rows(query: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        return cursor.fetchall()
