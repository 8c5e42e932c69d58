"""The workers that wait in this process for work, in the order in which they came. Whoever commits
work gives it to one of them in its own thread: the claim is made there, and its answer leaves by
the connection that waits, a request less. Not for which job it is, which the claim decides, nor for
the waiting: see bells.py.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from concurrent.futures import Future
from threading import Lock
from typing import Any

log = logging.getLogger(__name__)

# A claim that found nothing leaves here, in its ASGI scope, how it is made once more.
AGAIN = "ourvidz.again"

# Makes a claim; returns the ids of the jobs that it leased and the answer that brings them.
Again = Callable[[], tuple[Collection[str], bytes]]


class Waiter:
    """A worker that waits; `queues` are those that it serves. Made on the event loop."""

    def __init__(self, queues: frozenset[str]) -> None:
        self.queues = queues
        self.loop = asyncio.get_running_loop()
        self.rung = asyncio.Event()
        self.again: Again | None = None
        # The answer that somebody is making for it.
        self.given: Future[bytes] | None = None


class Waiters:
    """All of them. Its methods may be called from every thread, except where they say otherwise."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.known: dict[Waiter, None] = {}

    def __len__(self) -> int:
        return len(self.known)

    def add(self, waiter: Waiter) -> None:
        """Count a worker in, behind those that came before."""
        with self.lock:
            self.known[waiter] = None

    def remove(self, waiter: Waiter) -> None:
        """Count it out: it has its answer, or has gone."""
        with self.lock:
            waiter.again = None
            self.known.pop(waiter, None)

    def rest(self, waiter: Waiter, again: Again | None) -> None:
        """Let it be given work from now on, by this claim."""
        with self.lock:
            waiter.again = again

    async def stir(self, waiter: Waiter) -> bytes:
        """Give it no more; return what it was given. For the event loop."""
        with self.lock:
            waiter.again = None
            given, waiter.given = waiter.given, None
        return await asyncio.wrap_future(given) if given else b""

    def wake(self, queue: str) -> None:
        """Have the one that has waited longest ask again. For the event loop."""
        with self.lock:
            waiter = self._first(lambda each: queue in each.queues and not each.given)
            if waiter:
                del self.known[waiter]
                waiter.rung.set()

    def give(self, queue: str) -> Collection[str]:
        """Make the claim of the one that has waited longest, in this thread, which needs the
        database and has no transaction. Returns the ids of the jobs that it got.
        """
        given: Future[bytes] = Future()
        # Whoever awaits it may be gone before it is there; it cannot be taken back.
        given.set_running_or_notify_cancel()
        with self.lock:
            waiter = self._first(
                lambda each: queue in each.queues and each.again and not each.given
            )
            if waiter is None or waiter.again is None:
                return ()
            again, waiter.given = waiter.again, given
        ids, answer = _made(again)
        with self.lock:
            if not answer and waiter.given is given:
                waiter.given = None
            if not answer and waiter in self.known:
                # The bell that follows is for the next: this one was not given it.
                del self.known[waiter]
                self.known[waiter] = None
        given.set_result(answer)
        if answer:
            waiter.loop.call_soon_threadsafe(waiter.rung.set)
        return ids

    def _first(self, suits: Callable[[Waiter], Any]) -> Waiter | None:
        return next((each for each in self.known if suits(each)), None)


def _made(again: Again) -> tuple[Collection[str], bytes]:
    """Whatever is wrong with the claim, what was asked for is committed, and others are rung."""
    try:
        return again()
    except Exception:
        log.exception("Nothing could be given to a worker that waits.")
        return (), b""


# Those of this process.
waiters = Waiters()


def leave(request: Any, again: Again) -> None:
    """Leave with a request, if it came by ASGI, how its claim is made once more."""
    scope = getattr(request, "scope", None)
    if scope is not None:
        scope[AGAIN] = again
