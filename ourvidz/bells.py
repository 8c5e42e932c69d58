"""Lets a worker wait in `claim` for work (`Prefer: wait=N`, RFC 7240) while nothing is held for it:
neither a thread nor a connection to the database, only this coroutine. Django answers the claim as
ever; where it answers 204, the worker waits here until it is given work that this process has just
committed (parked.py), or until a doorbell of one of its queues rings, and Django is asked again.
Not for which job it gets: the claim decides.

One bell wakes one waiting worker in each web process, so that a thousand of them do not all ask at
once. A bell that nobody heard does no harm: whoever waits looks again every few seconds.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import redis.asyncio as async_redis
from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

from ourvidz import live
from ourvidz.asking import Answer, ask, unless_gone
from ourvidz.parked import AGAIN, Waiter, waiters

log = logging.getLogger(__name__)

CLAIM = "/api/v1/worker/claim"
WAIT_LIMIT = 25
LOOK_SECONDS = 5.0
MOST_AT_ONCE = 2000
LARGEST_BODY = 64 * 1024
NOTHING = 204
WAIT = re.compile(r"(?:^|,)\s*wait\s*=\s*(\d{1,6})", re.IGNORECASE)


def ring(queue: str, count: int = 1) -> None:
    """Wake so many workers that wait for this queue. A server that is away is no failure."""
    try:
        publish(live.redis(), _channel(), queue, count)
    except RedisError as error:
        log.warning("Nobody who waits was told of %s: %s", queue, error)


def publish(server: Redis, channel: str, word: str, count: int) -> None:
    """Say a word so many times, in one round trip: each wakes one of those who listen."""
    with server.pipeline(transaction=False) as pipe:
        for _ in range(count):
            pipe.publish(channel, word)
        pipe.execute()


class Bells:
    """An ASGI application around Django's."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.ear: asyncio.Task[None] | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        seconds = _seconds(scope)
        if not seconds or len(waiters) >= MOST_AT_ONCE:
            await self.inner(scope, receive, send)
            return
        body = await _body(receive)
        answer = await unless_gone(self._claim(scope, body, seconds), receive)
        if answer is not None:
            await _send(send, answer)

    async def _claim(self, scope: Any, body: bytes, seconds: int) -> Answer:
        """Ask until there is something else than nothing, or the time is over."""
        deadline = time.monotonic() + seconds
        self._listen()
        with _waiting(_queues(body)) as waiter:
            while True:
                # Before asking, so that a bell between the answer and the wait counts.
                waiter.rung.clear()
                waiters.add(waiter)
                asked = {**scope}
                answer = await ask(self.inner, asked, body)
                left = deadline - time.monotonic()
                if answer.status == NOTHING and left > 0:
                    waiters.rest(waiter, asked.get(AGAIN))
                    with suppress(TimeoutError):
                        await asyncio.wait_for(waiter.rung.wait(), min(left, LOOK_SECONDS))
                    given = await waiters.stir(waiter)
                    if not given:
                        continue
                    answer = Answer(200, [(b"content-type", b"application/json")], given)
                answer.headers.append((b"preference-applied", f"wait={seconds}".encode()))
                return answer

    def _listen(self) -> None:
        if self.ear is None or self.ear.done():
            self.ear = asyncio.ensure_future(self._hear())

    async def _hear(self) -> None:
        """Hear bells as long as this process lives; a server that was away is found again."""
        while True:
            with suppress(RedisError, OSError):
                await self._hear_once()
            await asyncio.sleep(1)

    async def _hear_once(self) -> None:
        server = async_redis.Redis.from_url(settings.REDIS_URL, decode_responses=True)
        async with server, server.pubsub() as heard:
            await heard.subscribe(_channel())
            async for message in heard.listen():
                if message["type"] == "message":
                    waiters.wake(message["data"])


@contextmanager
def _waiting(queues: frozenset[str]) -> Iterator[Waiter]:
    waiter = Waiter(queues)
    try:
        yield waiter
    finally:
        waiters.remove(waiter)


def _channel() -> str:
    return f"{settings.NAMESPACE}:bells"


def _seconds(scope: Any) -> int:
    """Return how long a claim may wait; 0 for every other request."""
    if scope["type"] != "http" or scope["path"] != CLAIM:
        return 0
    wanted = dict(scope["headers"]).get(b"prefer", b"").decode("latin-1")
    found = WAIT.search(wanted)
    return min(int(found[1]), WAIT_LIMIT) if found else 0


def _queues(body: bytes) -> frozenset[str]:
    """The queues that a claim names; whether it is a good one, Django says."""
    try:
        named = json.loads(body)["queues"]
        return frozenset(name for name in named if isinstance(name, str))
    except (ValueError, KeyError, TypeError, RecursionError):
        return frozenset()


async def _body(receive: Any) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        # What is too large is too large for the view as well, which refuses it.
        if not message.get("more_body") or len(body) > LARGEST_BODY:
            return body


async def _send(send: Any, answer: Answer) -> None:
    start = {"type": "http.response.start", "status": answer.status, "headers": answer.headers}
    await send(start)
    await send({"type": "http.response.body", "body": answer.body})
