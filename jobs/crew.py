"""The workers as they will be busy: the line is played through as it will be claimed, each worker
taking its next job when it is free. A job of the model that it has loaded may go first within the
bound of choice.py, alike jobs are made in one batch, and another model is loaded first. Not for who
really gets a job: see choice.py and leases.py. That ageing takes turns with operators' priorities
is left out.
"""

from __future__ import annotations

import heapq
import uuid
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from jobs.choice import FRONT

Times = tuple[float, float]


@dataclass
class Hand:
    """One worker: the queues it serves, its model, how many alike jobs it takes at once, the
    presets that it was told to keep to (none: it can do any), and the seconds until it is free.
    """

    id: uuid.UUID
    queues: tuple[str, ...]
    loaded: str = ""
    at_once: int = 1
    presets: tuple[str, ...] = ()
    free_in: float = 0.0


class Waiting(NamedTuple):
    """One job of the line. `likeness` is equal for jobs that one batch can hold, None for a job
    that is made alone; `passed_over` as its row has it.
    """

    queue: str
    preset: str
    cost: float
    priority: int = 0
    tag: float = 0.0
    passed_over: float = 0.0
    likeness: Hashable = None


class Places:
    """Where in the line jobs of one kind stand. The first that is not taken is found by walking on,
    since jobs are only ever taken.
    """

    __slots__ = ("at", "numbers", "ranks")

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.ranks: list[int] = []  # within the queue, by which its front is bounded
        self.at = 0


class Crew:
    """All workers. `loads` are the seconds that loading each preset's model takes; `affinity` the
    GPU seconds by which a job of a loaded model may go before its turn.
    """

    def __init__(
        self, hands: Iterable[Hand], loads: Mapping[str, float], affinity: float = 0.0
    ) -> None:
        self.loads, self.affinity = loads, affinity
        self.hands = {hand.id: hand for hand in hands}

    def busy(self, worker_id: uuid.UUID | None, seconds: float) -> bool:
        """Keep a worker busy for so long, with all it does at the same time. Returns False where
        it is not of the crew.
        """
        hand = self.hands.get(worker_id) if worker_id else None
        if hand is not None:
            hand.free_in = max(hand.free_in, seconds)
        return hand is not None

    def play(self, line: Sequence[Waiting]) -> list[Times | None]:
        """Return the seconds until each job of the line starts and is ready, in fair order; None
        where nobody works on such jobs.
        """
        game = _Game(line, self.affinity)
        free = [(hand.free_in, number) for number, hand in enumerate(self.hands.values())]
        hands = list(self.hands.values())
        loaded = [hand.loaded for hand in hands]
        heapq.heapify(free)
        while free:
            at, number = free[0]
            jobs = game.take(hands[number], loaded[number])
            if not jobs:
                heapq.heappop(free)
                continue
            preset = line[jobs[0]].preset
            ready = at if loaded[number] == preset else at + self.loads.get(preset, 0.0)
            ready += sum([line[job].cost for job in jobs])
            loaded[number] = preset
            for job in jobs:
                game.times[job] = (at, ready)
            heapq.heapreplace(free, (ready, number))
        return game.times


class _Game:
    """One time through the line: who is taken, and who was passed over for how long."""

    def __init__(self, line: Sequence[Waiting], affinity: float) -> None:
        self.line, self.affinity = line, affinity
        self.taken = bytearray(len(line))
        self.times: list[Times | None] = [None] * len(line)
        self.passed = [job.passed_over for job in line]
        self.queues: dict[str, Places] = defaultdict(Places)
        self.models: dict[Hashable, Places] = defaultdict(Places)
        self.alike: dict[Hashable, Places] = defaultdict(Places)
        for number, job in enumerate(line):
            rank = len(self.queues[job.queue].numbers)
            kinds = [self.queues[job.queue], self.models[job.queue, job.preset]]
            if job.likeness is not None:
                kinds.append(self.alike[job.queue, job.likeness])
            for places in kinds:
                places.numbers.append(number)
                places.ranks.append(rank)

    def take(self, hand: Hand, loaded: str) -> list[int]:
        """Take the next jobs for a worker: one, and those alike that come with it."""
        heads = [self._first(places) for places in self._open_to(hand)]
        first = min([number for number in heads if number is not None], default=None)
        if first is None:
            return []
        rank = self._rank(first)
        allowed = not hand.presets or loaded in hand.presets
        chosen = self._of_loaded(first, rank, loaded) if loaded and allowed else None
        number = first if chosen is None else chosen
        self.taken[number] = True
        with_it = hand.at_once - 1 if loaded in ("", self.line[number].preset) else 0
        return [number, *self._companions(number, rank, with_it)] if with_it > 0 else [number]

    def _open_to(self, hand: Hand) -> Iterator[Places | None]:
        """Where a worker looks for the job whose turn it is."""
        for name in hand.queues:
            if hand.presets:
                yield from (self.models.get((name, preset)) for preset in hand.presets)
            else:
                yield self.queues.get(name)

    def _first(self, places: Places | None) -> int | None:
        """Return the first of a kind that is not taken, and remember where it stands."""
        if places is None:
            return None
        numbers, taken, at = places.numbers, self.taken, places.at
        while at < len(numbers) and taken[numbers[at]]:
            at += 1
        places.at = at
        return numbers[at] if at < len(numbers) else None

    def _rank(self, first: int) -> int:
        """Where the front of a job's queue begins, as far as it was looked at."""
        return self.queues[self.line[first].queue].at

    def _of_loaded(self, first: int, rank: int, loaded: str) -> int | None:
        """Return a job of the loaded model that may go before its turn: see choice.py."""
        turn, left = self.line[first], self.affinity - self.passed[first]
        if turn.preset == loaded or left <= 0:
            return None
        places = self.models.get((turn.queue, loaded))
        number = self._first(places)
        if number is None or places is None or places.ranks[places.at] >= rank + FRONT:
            return None
        job = self.line[number]
        if job.priority != turn.priority or job.tag > turn.tag + self.affinity or job.cost > left:
            return None
        self.passed[first] += job.cost
        return number

    def _companions(self, number: int, rank: int, most: int) -> list[int]:
        """Take up to `most` that one batch can hold with a job, from the front of its queue."""
        job, found = self.line[number], list[int]()
        places = self.alike.get((job.queue, job.likeness))
        while places is not None and job.likeness is not None and len(found) < most:
            other = self._first(places)
            if other is None or places.ranks[places.at] >= rank + FRONT:
                break
            self.taken[other] = True
            found.append(other)
        return found
