"""The workers as they will be busy: each job of the line goes to the one that can begin it first,
loading its model where another is loaded. Not for who really gets a job: see choice.py.
"""

from __future__ import annotations

import heapq
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

# How many of the workers that are free early are compared for the model that they have loaded: the
# first of a heap and the two below it.
COMPARED = 3


@dataclass
class Hand:
    """One worker: the queues it serves, its model, and the seconds until it is free."""

    id: uuid.UUID
    queues: tuple[str, ...]
    loaded: str = ""
    free_in: float = 0.0


# A worker in a heap: when it is free, its number, its model. As plain as can be, since long lines
# are played through every two seconds.
Entry = list[Any]


class Crew:
    """All workers. `loads` are the seconds that loading each preset's model takes."""

    def __init__(self, hands: Iterable[Hand], loads: Mapping[str, float]) -> None:
        self.loads = loads
        self.hands = {hand.id: hand for hand in hands}
        self.groups: dict[str, list[list[Entry]]] | None = None

    def busy(self, worker_id: uuid.UUID | None, seconds: float) -> bool:
        """Keep a worker busy for so long, with all it does at the same time. Returns False where
        it is not of the crew. Only before the first job is given out.
        """
        hand = self.hands.get(worker_id) if worker_id else None
        if hand is not None:
            hand.free_in = max(hand.free_in, seconds)
        return hand is not None

    def give(self, queue: str, preset: str, cost: float) -> tuple[float, float] | None:
        """Give the next job out; returns the seconds until it starts and is ready, or None where
        nobody works on such jobs."""
        if self.groups is None:
            self.groups = self._grouped()
        loading = self.loads.get(preset, 0.0)
        found: tuple[float, int, Entry, list[Entry]] | None = None
        for group in self.groups.get(queue, ()):
            for entry in group[:COMPARED]:
                begins = entry[0] if entry[2] == preset else entry[0] + loading
                if found is None or (begins, entry[1]) < found[:2]:
                    found = (begins, entry[1], entry, group)
        return _take(*found, preset=preset, cost=cost) if found else None

    def _grouped(self) -> dict[str, list[list[Entry]]]:
        """Return, for each queue, the heaps of those workers that serve it and the same others."""
        alike: dict[tuple[str, ...], list[Entry]] = defaultdict(list)
        for number, hand in enumerate(self.hands.values()):
            heapq.heappush(alike[hand.queues], [hand.free_in, number, hand.loaded])
        groups: dict[str, list[list[Entry]]] = defaultdict(list)
        for queues, group in alike.items():
            for queue in queues:
                groups[queue].append(group)
        return groups


def _take(
    begins: float, number: int, entry: Entry, group: list[Entry], *, preset: str, cost: float
) -> tuple[float, float]:
    """Keep a worker busy with a job, from when it is free."""
    start = entry[0]
    ready = begins + cost
    if group[0] is entry:
        heapq.heapreplace(group, [ready, number, preset])
    else:
        entry[0], entry[2] = ready, preset
        heapq.heapify(group)
    return start, ready
