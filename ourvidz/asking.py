"""What the applications around Django's share that keep a client waiting without holding anything
for it (bells, patience): an answer as Django gave it, asking Django, and noticing that the client
has gone. Not for what is waited for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass
class Answer:
    """What Django said: status, headers (lower case, as bytes) and body."""

    status: int = 500
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""

    def header(self, name: str) -> str:
        """Return a header's value, or nothing."""
        wanted = name.lower().encode()
        return next((v.decode("latin-1") for k, v in self.headers if k.lower() == wanted), "")

    def without(self, *names: str) -> list[tuple[bytes, bytes]]:
        """Return the headers but these."""
        left_out = {name.lower().encode() for name in names}
        return [pair for pair in self.headers if pair[0].lower() not in left_out]


async def ask(inner: Any, scope: Any, body: bytes = b"") -> Answer:
    """Return Django's whole answer to a request with this body, whose client stays."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]
    answer = Answer()

    async def receive() -> Any:
        if messages:
            return messages.pop()
        return await asyncio.get_running_loop().create_future()

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            answer.status, answer.headers = message["status"], list(message.get("headers", []))
        else:
            answer.body += message.get("body", b"")

    await inner(scope, receive, send)
    return answer


async def unless_gone(act: Coroutine[Any, Any, T], receive: Any) -> T | None:
    """Return what `act` returns, or None where the client went before: then it is canceled.

    `receive` must have given the whole request already.
    """
    work = asyncio.ensure_future(act)
    gone = asyncio.ensure_future(_disconnected(receive))
    try:
        await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
        return work.result() if work.done() else None
    finally:
        for task in (work, gone):
            task.cancel()
        await asyncio.gather(work, gone, return_exceptions=True)


async def _disconnected(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
