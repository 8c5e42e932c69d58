"""One look-up for many who ask: whoever asks while a look-up runs goes into the next one. So a
thousand tabs that come back after a restart cost a few queries. Not a cache: nothing is kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Generic, TypeVar

from channels.db import database_sync_to_async

Key = TypeVar("Key")
Value = TypeVar("Value")

# Of its own: Channels' threads for the database are one thread, and a slow round would hold up
# everybody who comes in.
THREADS = ThreadPoolExecutor(max_workers=3, thread_name_prefix="sockets")


async def in_thread(function: Callable[..., Value], *args: Any) -> Value:
    """Run a function that needs the database, off the event loop."""
    call = database_sync_to_async(function, thread_sensitive=False, executor=THREADS)
    return await call(*args)


class Gathered(Generic[Key, Value]):
    """Asks `look_up`, which takes many keys, for one key at a time."""

    def __init__(self, look_up: Callable[[list[Key]], Mapping[Key, Value]]) -> None:
        self.look_up = look_up
        self.waiting: dict[Key, asyncio.Future[Value | None]] = {}
        self.task: asyncio.Task[None] | None = None

    async def __call__(self, key: Key) -> Value | None:
        """Return what a look-up that starts from now on finds, or None; raises what it raises."""
        future = self.waiting.setdefault(key, asyncio.get_running_loop().create_future())
        if self.task is None:
            self.task = asyncio.create_task(self._run())
        # Several may wait for one future: one that goes away must not take it along.
        return await asyncio.shield(future)

    async def _run(self) -> None:
        while self.waiting:
            batch, self.waiting = self.waiting, {}
            try:
                found = await in_thread(self.look_up, list(batch))
            except Exception as error:
                for future in batch.values():
                    future.set_exception(error)
            else:
                for key, future in batch.items():
                    future.set_result(found.get(key))
        self.task = None
