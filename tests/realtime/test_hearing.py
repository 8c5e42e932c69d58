"""One ear for all sockets of a person in a process: each hears everything once, one that fails
harms nobody, and what nobody needs is closed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Iterable
from typing import Any
from uuid import uuid4

import pytest
from channels.layers import get_channel_layer

from ourvidz import feed
from ourvidz.hearing import Ears

pytestmark = pytest.mark.usefixtures("empty_redis")


class Listener:
    """A socket that remembers what it heard; a broken one fails instead."""

    def __init__(self, *, broken: bool = False) -> None:
        self.texts: list[str] = []
        self.broken = broken

    async def hear(self, message: dict[str, Any], text: str) -> None:
        if self.broken:
            raise ConnectionResetError
        self.texts.append(text)


async def until(condition: Any) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


async def ignored(listeners: Iterable[Any]) -> None:
    """Nobody asks who may stay."""


def group() -> tuple[Any, str]:
    person = uuid4()
    return person, feed.group_of(person)


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(test)


def step(person: Any, number: int) -> None:
    feed.moment(person, "job.progress", job=person, step=number, of=9)


def test_everybody_hears_the_same_text_once() -> None:
    async def test() -> None:
        (person, name), ears = group(), Ears(ignored)
        all_of_them = [Listener(broken=True), *(Listener() for _ in range(120))]
        await asyncio.gather(*(ears.join(name, each) for each in all_of_them))
        await asyncio.to_thread(step, person, 1)
        await asyncio.to_thread(step, person, 2)
        good = all_of_them[1:]
        await until(lambda: all(len(each.texts) == 2 for each in good))
        first, second = good[0].texts
        assert json.loads(first)["fields"]["step"] == 1
        assert json.loads(second) | {"fields": {}} == {
            "type": "moment",
            "event": "job.progress",
            "fields": {},
        }
        # The very same object, so that it is framed once.
        assert all(each.texts[0] is first and each.texts[1] is second for each in good)

    run(test())


def test_whoever_left_hears_no_more_and_may_come_back() -> None:
    async def test() -> None:
        (person, name), ears = group(), Ears(ignored)
        one, other = Listener(), Listener()
        await ears.join(name, one)
        ears.leave(name, one)
        ears.leave(name, one)
        assert not ears.ears
        await ears.join(name, other)
        await asyncio.to_thread(step, person, 1)
        await until(lambda: other.texts)
        assert not one.texts
        ears.leave(name, other)
        layer: Any = get_channel_layer()
        await until(lambda: not layer.groups and not layer.channels)

    run(test())


def test_one_look_decides_for_all_who_may_stay() -> None:
    async def test() -> None:
        asked: list[Any] = []

        async def ask(listeners: Iterable[Any]) -> None:
            asked.append(list(listeners))
            raise ZeroDivisionError

        (person, name), ears = group(), Ears(ask)
        listeners = [Listener(), Listener()]
        for each in listeners:
            await ears.join(name, each)
        await asyncio.to_thread(feed._send, name, {"type": "feed.access"})
        # A look that fails makes nobody deaf.
        await asyncio.to_thread(step, person, 1)
        await until(lambda: all(each.texts for each in listeners))
        assert asked == [listeners]

    run(test())


def test_without_redis_nobody_is_let_in_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        _, name = group()
        ears, layer = Ears(ignored), get_channel_layer()._get_layer()  # type: ignore[union-attr]

        async def away(*_: Any) -> None:
            raise ConnectionRefusedError

        with monkeypatch.context() as patch:
            patch.setattr(layer, "group_add", away)
            for each in (Listener(), Listener()):
                with pytest.raises(ConnectionRefusedError):
                    await ears.join(name, each)
        assert not ears.ears
        await ears.join(name, Listener())

    run(test())


def test_whoever_leaves_while_coming_in_leaves_nothing_to_be_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def test() -> None:
        _, name = group()
        ears, layer = Ears(ignored), get_channel_layer()._get_layer()  # type: ignore[union-attr]
        add, entered = layer.group_add, asyncio.Event()

        async def slow(*args: Any) -> None:
            await add(*args)
            entered.set()
            await asyncio.sleep(60)

        monkeypatch.setattr(layer, "group_add", slow)
        coming = asyncio.create_task(ears.join(name, Listener()))
        await entered.wait()
        assert layer.groups
        coming.cancel()
        await until(lambda: not layer.groups)
        assert not ears.ears

    run(test())
