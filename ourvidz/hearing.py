"""What is said in a group of the feed, heard once for all sockets of this process that listen: one
subscription, one reading and one writing of each message, however many tabs a person has open. Not
for who may listen, nor for what a message means.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Any, Protocol

from channels.layers import get_channel_layer
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

ACCESS = "feed.access"
# So many are served before everybody else's turn comes.
AT_ONCE = 50


class Listener(Protocol):
    """A socket as it listens."""

    async def hear(self, message: dict[str, Any], text: str) -> None:
        """Pass a message on; `text` is what it is to a page."""


class Ear:
    """Listens to one group for all listeners of this process."""

    def __init__(self, group: str, on_access: Callable[[Iterable[Any]], Awaitable[None]]) -> None:
        self.group = group
        self.on_access = on_access
        self.listeners: dict[Listener, None] = {}
        self.joined: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.task = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        layer: Any = get_channel_layer()
        try:
            channel = await layer.new_channel()
            try:
                await self._hear(layer, channel)
            finally:
                # Also where it was not heard to the end: what nobody reads would be kept for ever.
                with suppress(RedisError, OSError):
                    await layer.group_discard(self.group, channel)
        except Exception as error:
            self.joined.set_exception(error)

    async def _hear(self, layer: Any, channel: str) -> None:
        await layer.group_add(self.group, channel)
        self.joined.set_result(None)
        while True:
            try:
                await self._pass_on(await layer.receive(channel))
            except Exception:
                # The next message may be a better one, and nobody else listens here.
                log.exception("A message of %s was lost.", self.group)

    async def _pass_on(self, message: dict[str, Any]) -> None:
        if message["type"] == ACCESS:
            await self.on_access(list(self.listeners))
            return
        text = written(message)
        for number, listener in enumerate(list(self.listeners)):
            if number % AT_ONCE == AT_ONCE - 1:
                await asyncio.sleep(0)
            try:
                await listener.hear(message, text)
            except Exception:
                # The others must not suffer.
                log.exception("A socket could not be told.")


class Ears:
    """The ears of one event loop, by their group."""

    def __init__(self, on_access: Callable[[Iterable[Any]], Awaitable[None]]) -> None:
        self.on_access = on_access
        self.ears: dict[str, Ear] = {}

    async def join(self, group: str, listener: Listener) -> None:
        """Let a listener hear all that is said from now on. Raises what Redis raises."""
        ear = self.ears.get(group)
        if ear is None:
            ear = self.ears[group] = Ear(group, self.on_access)
        ear.listeners[listener] = None
        try:
            # Several may wait for it: one that goes away must not take it along.
            await asyncio.shield(ear.joined)
        except BaseException:
            self.leave(group, listener)
            raise

    def leave(self, group: str, listener: Listener) -> None:
        """Let it hear no more. An ear that nobody needs is closed."""
        ear = self.ears.get(group)
        if ear is None or listener not in ear.listeners:
            return
        del ear.listeners[listener]
        if not ear.listeners:
            del self.ears[group]
            ear.task.cancel()


def written(message: dict[str, Any]) -> str:
    """What a message of the channel layer is to a page."""
    told = {**message, "type": message["type"].removeprefix("feed.")}
    return json.dumps(told, separators=(",", ":"))
