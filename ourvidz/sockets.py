"""The sockets that are open in this process, and what is done for all of them at once: heartbeats,
looking again who may stay, and rounds that apps add (such as places in the queue). One query serves
them all, so their number costs nothing. Not for changes, which come through the channel layer.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from ourvidz import events, feed, rows
from ourvidz.gathered import Gathered, in_thread
from ourvidz.hearing import Ears
from ourvidz.visitors import Visitor, visitors

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 25.0
RECHECK_SECONDS = 30.0
# A round may take a twentieth of the time; a slow one comes less often.
SHARE = 20

# For each of these people who should hear something: the fields of the moment.
Compute = Callable[[list[uuid.UUID]], dict[uuid.UUID, dict[str, Any]]]


class Socket(Protocol):
    """What a consumer offers to the rounds."""

    session_key: str
    visitor: Visitor

    async def beat(self, head: int) -> None: ...
    async def tell(self, event: str, fields: dict[str, Any]) -> None: ...
    async def leave(self, visitor: Visitor | None) -> None: ...


_rounds: list[tuple[str, float, Compute]] = []


def add_round(event: str, seconds: float, compute: Compute) -> None:
    """Tell the people who are here the moment `event` every so many seconds.

    `compute` runs in a thread, as the service, once for all who have a socket in this process.
    """
    _rounds.append((event, seconds, compute))


class Sockets:
    """The open sockets of one event loop."""

    def __init__(self) -> None:
        self.open: set[Socket] = set()
        self.tasks: list[asyncio.Task[None]] = []
        self.visitor_of = Gathered(visitors)
        self.head_of = Gathered(_heads)
        self.ears = Ears(self.recheck)

    def add(self, socket: Socket) -> None:
        """Count a socket in; the first one starts the rounds."""
        self.open.add(socket)
        if not self.tasks:
            self.tasks = [asyncio.create_task(one) for one in self._all_rounds()]

    def remove(self, socket: Socket) -> None:
        """Count a socket out; after the last one nothing runs."""
        self.open.discard(socket)
        if not self.open:
            for task in self.tasks:
                task.cancel()
            self.tasks = []

    async def recheck(self, sockets: Iterable[Socket]) -> None:
        """Close those of the sockets whose person may no longer have one."""
        asked = list(sockets)
        found = await in_thread(visitors, [socket.session_key for socket in asked])
        for socket in asked:
            visitor = found.get(socket.session_key)
            if visitor != socket.visitor:
                await socket.leave(visitor)

    def _all_rounds(self) -> Iterable[Any]:
        yield _every(RECHECK_SECONDS, lambda: self.recheck(self.open))
        yield _every(HEARTBEAT_SECONDS, self._beat)
        for event, seconds, compute in _rounds:
            yield _every(seconds, self._telling(event, compute))

    async def _beat(self) -> None:
        heads = await in_thread(_heads, self._people())
        for socket in list(self.open):
            if socket.visitor.user_id in heads:
                await socket.beat(heads[socket.visitor.user_id])

    def _telling(self, event: str, compute: Compute) -> Callable[[], Awaitable[None]]:
        async def tell() -> None:
            told = await in_thread(_as_service, compute, self._people())
            for fields in told.values():
                events.check_moment(event, fields)
            for socket in list(self.open):
                if socket.visitor.user_id in told:
                    await socket.tell(event, told[socket.visitor.user_id])

        return tell

    def _people(self) -> list[uuid.UUID]:
        return list({socket.visitor.user_id for socket in self.open})


_of_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, Sockets] = WeakKeyDictionary()


def here() -> Sockets:
    """Return the sockets of the running event loop."""
    return _of_loops.setdefault(asyncio.get_running_loop(), Sockets())


async def _every(seconds: float, act: Callable[[], Awaitable[None]]) -> None:
    clock = asyncio.get_running_loop().time
    pause = seconds
    while True:
        await asyncio.sleep(pause)
        started = clock()
        try:
            await act()
        except Exception:
            # The next round may do better, and the sockets must not suffer.
            logger.exception("A round of the sockets failed.")
        pause = max(seconds, SHARE * (clock() - started))


def _heads(user_ids: list[uuid.UUID]) -> dict[uuid.UUID, int]:
    with rows.as_service("heartbeat"):
        return feed.heads(user_ids)


def _as_service(compute: Compute, user_ids: list[uuid.UUID]) -> dict[uuid.UUID, dict[str, Any]]:
    with rows.as_service("round of the sockets"):
        return compute(user_ids)
