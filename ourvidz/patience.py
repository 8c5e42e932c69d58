"""Lets a client wait for what it asked for, or follow it, while nothing is held for it: neither a
thread nor a transaction nor a connection to the database, only this coroutine and its place in the
feed's channel. Django answers the request as it is now; where the answer carries the header WAIT,
this listens to the person's feed, asks Django again, and answers when it is done or the time is
over. Not for sockets, and not for knowing what the request is about.

Two kinds: `Prefer: wait=N` (RFC 7240) holds the answer back; an answer of the type
`text/event-stream` goes on with each new state and with the progress of the jobs it names.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

from channels.layers import get_channel_layer
from redis.exceptions import RedisError

from ourvidz.asking import Answer, ask, unless_gone

# An answer that is not final says with it: the feed's group, the path to ask again, and the job.
WAIT = "Ourvidz-Wait"
STREAM_TYPE = "text/event-stream"
API = "/api/v1/"
WAIT_LIMIT = 60
STREAM_LIMIT = 3600
# Changes of one moment are looked at together; and a lost message costs no more than this.
GATHER_SECONDS = 0.25
PAUSE_SECONDS = 2.0
LOOK_SECONDS = 10.0
MOST_AT_ONCE = 1000

# Asked too often, or the database is away: worth asking again.
PASSING = (429, 500, 502, 503)

PREFERENCE = re.compile(r'wait\s*=\s*"?(\d{1,9})"?\s*(?:;.*)?', re.IGNORECASE)


def wanted_seconds(prefer: str) -> int:
    """Return N of `wait=N` in a Prefer header, at most WAIT_LIMIT; 0 where it asks for none."""
    for part in prefer.split(","):
        if found := PREFERENCE.fullmatch(part.strip()):
            return min(int(found[1]), WAIT_LIMIT)
    return 0


def not_yet(response: Any, *, group: str, path: str, job: Any = "") -> Any:
    """Mark a response as not final: `path` will tell more after the next change in `group`."""
    response[WAIT] = f"{group} {path} {job}".strip()
    return response


class Patient:
    """An ASGI application around Django's."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.waiting = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        seconds = _seconds(scope)
        if not seconds or self.waiting >= MOST_AT_ONCE:
            await self.inner(scope, receive, _Stripped(send))
            return
        first = _Held(send)
        await self.inner(scope, receive, first)
        if first.held is None:
            return
        self.waiting += 1
        try:
            await self._go_on(scope, receive, send, first.held, seconds)
        finally:
            self.waiting -= 1

    async def _go_on(
        self, scope: Any, receive: Any, send: Any, first: Answer, seconds: int
    ) -> None:
        """Wait or stream, until it is done, the time is over or the client has gone."""
        streams = first.header("Content-Type").startswith(STREAM_TYPE)
        act = self._stream(scope, send, first) if streams else self._wait(scope, first, seconds)
        try:
            if (answer := await unless_gone(act, receive)) is not None:
                await _send(send, answer)
        except (RedisError, OSError):
            # Nobody to listen to: what was accepted stays accepted, and can be asked for.
            await (_more(send, b"", last=True) if streams else _send(send, _bare(first)))

    async def _wait(self, scope: Any, first: Answer, seconds: int) -> Answer:
        """Return the final answer, or after so many seconds how far it is."""
        group, path, _job = _told(first)
        latest, deadline = first, time.monotonic() + seconds
        async with _listening(group) as heard:
            while latest.header(WAIT):
                again = await self._ask(scope, path)
                if again.status >= 400:
                    # Throttled, or gone: what was accepted stays accepted.
                    break
                latest = again
                if not latest.header(WAIT) or not await _next_change(heard, deadline):
                    break
        return _merged(first, latest, seconds)

    async def _stream(self, scope: Any, send: Any, first: Answer) -> None:
        """Send each new state as it comes, and progress between them."""
        group, path, job = _told(first)
        await _start(send, first.status, first.without(WAIT, "Content-Length"))
        await _more(send, first.body)
        latest, deadline = first, time.monotonic() + STREAM_LIMIT
        async with _listening(group) as heard:
            while latest.header(WAIT) and time.monotonic() < deadline:
                again = await self._ask(scope, path)
                if again.status in PASSING:
                    await asyncio.sleep(PAUSE_SECONDS)
                    continue
                if again.status >= 400:
                    break
                if again.body != latest.body:
                    await _more(send, again.body)
                latest = again
                if latest.header(WAIT):
                    await _pass_progress_on(send, heard, job)
        await _more(send, b"", last=True)

    async def _ask(self, scope: Any, path: str) -> Answer:
        """Ask Django once more, as the same client."""
        kept = [
            (name, value)
            for name, value in scope["headers"]
            if name not in (b"content-length", b"content-type", b"idempotency-key")
        ]
        again = {**scope, "method": "GET", "path": path, "raw_path": path.encode()}
        again |= {"query_string": b"", "headers": kept}
        return await ask(self.inner, again)


class _Stripped:
    """Passes messages on without our own header."""

    def __init__(self, send: Any) -> None:
        self.send = send

    async def __call__(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            headers = Answer(headers=list(message.get("headers", []))).without(WAIT)
            message = {**message, "headers": headers}
        await self.send(message)


class _Held:
    """Keeps an answer that is not final, passes every other one on."""

    def __init__(self, send: Any) -> None:
        self.send = send
        self.held: Answer | None = None

    async def __call__(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            answer = Answer(message["status"], list(message.get("headers", [])))
            if answer.header(WAIT):
                self.held = answer
        if self.held is None:
            await self.send(message)
        elif message["type"] == "http.response.body":
            self.held.body += message.get("body", b"")


def _seconds(scope: Any) -> int:
    """Return how long a request may be held; 0 where it is none of ours."""
    if scope["type"] != "http" or not scope["path"].startswith(API):
        return 0
    if scope["path"].endswith("/events"):
        return STREAM_LIMIT
    headers: Mapping[bytes, bytes] = dict(scope["headers"])
    return wanted_seconds(headers.get(b"prefer", b"").decode("latin-1"))


def _told(answer: Answer) -> tuple[str, str, str]:
    group, path, *job = answer.header(WAIT).split(" ")
    return group, path, job[0] if job else ""


def _bare(answer: Answer) -> Answer:
    return Answer(answer.status, answer.without(WAIT), answer.body)


def _merged(first: Answer, latest: Answer, seconds: int) -> Answer:
    """The state is the latest one's; where it is still not final, the status is the first's."""
    done = not latest.header(WAIT)
    headers = latest.without(WAIT, "Location", "Preference-Applied")
    headers.append((b"preference-applied", f"wait={seconds}".encode()))
    if where := first.header("Location"):
        headers.append((b"location", where.encode("latin-1")))
    return Answer(latest.status if done else first.status, headers, latest.body)


@asynccontextmanager
async def _listening(group: str) -> AsyncIterator[asyncio.Queue[dict[str, Any]]]:
    """Yield what is said in a group from now on."""
    layer: Any = get_channel_layer()
    heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    channel = await layer.new_channel()
    await layer.group_add(group, channel)
    # One listener for the whole time: the layer takes a canceled one for one that left.
    ear = asyncio.ensure_future(_hear(layer, channel, heard))
    try:
        yield heard
    finally:
        await layer.group_discard(group, channel)
        ear.cancel()
        with suppress(asyncio.CancelledError):
            await ear


async def _hear(layer: Any, channel: str, heard: asyncio.Queue[dict[str, Any]]) -> None:
    while True:
        heard.put_nowait(await layer.receive(channel))


async def _next_change(heard: asyncio.Queue[dict[str, Any]], deadline: float) -> bool:
    """Wait for a change, or for the time to look anyway. Returns False when the time is over."""
    look = min(deadline, time.monotonic() + LOOK_SECONDS)
    while (left := look - time.monotonic()) > 0:
        message = await _within(heard, left)
        if message and message["type"] == "feed.change":
            await asyncio.sleep(min(GATHER_SECONDS, max(0.0, deadline - time.monotonic())))
            while not heard.empty():
                heard.get_nowait()
            return True
    return time.monotonic() < deadline


async def _pass_progress_on(send: Any, heard: asyncio.Queue[dict[str, Any]], job: str) -> None:
    """Send the job's progress until something changes or it is time to look; then say that the
    stream is still there, so that nobody between takes it for dead.
    """
    look = time.monotonic() + LOOK_SECONDS
    while (left := look - time.monotonic()) > 0:
        message = await _within(heard, left)
        if message is None:
            await _more(send, b": still here\n\n")
        elif message["type"] == "feed.change":
            await asyncio.sleep(GATHER_SECONDS)
            return
        elif message.get("event") == "job.progress" and message["fields"].get("job") == job:
            fields = {key: message["fields"][key] for key in ("step", "of")}
            await _more(send, f"event: progress\ndata: {json.dumps(fields)}\n\n".encode())


async def _within(heard: asyncio.Queue[dict[str, Any]], seconds: float) -> dict[str, Any] | None:
    try:
        return await asyncio.wait_for(heard.get(), max(0.0, seconds))
    except TimeoutError:
        return None


async def _send(send: Any, answer: Answer) -> None:
    headers = [*answer.without("Content-Length")]
    headers.append((b"content-length", str(len(answer.body)).encode()))
    await _start(send, answer.status, headers)
    await _more(send, answer.body, last=True)


async def _start(send: Any, status: int, headers: list[tuple[bytes, bytes]]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})


async def _more(send: Any, body: bytes, *, last: bool = False) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": not last})
