"""What one process does for all its sockets: one look for all of them, and a failure harms nobody.
Without a database and without waiting: the look-ups are given, the pauses are none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import UUID, uuid4

import pytest

from ourvidz import gathered, sockets
from ourvidz.gathered import Gathered
from ourvidz.greetings import Allowance
from ourvidz.visitors import Visitor


class FakeSocket:
    """A socket that remembers what it was told."""

    def __init__(self, user_id: UUID | None = None) -> None:
        self.session_key = uuid4().hex
        self.visitor = Visitor(user_id=user_id or uuid4(), is_staff=False)
        self.told: list[Any] = []

    async def beat(self, head: int) -> None:
        self.told.append(head)

    async def tell(self, event: str, fields: dict[str, Any]) -> None:
        self.told.append((event, fields))

    async def leave(self, visitor: Visitor | None) -> None:
        self.told.append(visitor)


class Asked:
    """A look-up that counts how often it was asked."""

    def __init__(self, answer: Callable[[list[Any]], dict[Any, Any]]) -> None:
        self.answer = answer
        self.times = 0

    def __call__(self, keys: list[Any]) -> dict[Any, Any]:
        self.times += 1
        return self.answer(keys)


@pytest.fixture(autouse=True)
def no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    async def at_once(function: Callable[..., Any], *args: Any) -> Any:
        await asyncio.sleep(0)
        return function(*args)

    monkeypatch.setattr(sockets, "in_thread", at_once)
    monkeypatch.setattr(gathered, "in_thread", at_once)
    monkeypatch.setattr(sockets, "_as_service", lambda compute, people: compute(people))


async def until(condition: Callable[[], Any]) -> None:
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("It never happened.")


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(test)


def test_one_look_serves_all_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        people = [FakeSocket() for _ in range(200)]
        gone, other = people[0], people[1]
        found = {one.session_key: one.visitor for one in people[1:]}
        found[other.session_key] = Visitor(user_id=other.visitor.user_id, is_staff=True)
        ask = Asked(lambda keys: found)
        monkeypatch.setattr(sockets, "visitors", ask)
        await sockets.Sockets().recheck(people)
        assert ask.times == 1
        assert gone.told == [None]
        assert other.told == [found[other.session_key]]
        assert not any(one.told for one in people[2:])

    run(test())


def test_hearts_beat_with_one_query_and_stop_with_the_last_socket(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def test() -> None:
        ask = Asked(lambda people: dict.fromkeys(people, 7))
        monkeypatch.setattr(sockets, "_heads", ask)
        monkeypatch.setattr(sockets, "HEARTBEAT_SECONDS", 0.02)
        here = sockets.Sockets()
        open_ones = [FakeSocket() for _ in range(5)]
        for one in open_ones:
            here.add(one)
        await until(lambda: all(one.told for one in open_ones))
        assert ask.times <= len(open_ones[0].told) + 1
        for one in open_ones:
            here.remove(one)
        assert here.tasks == []
        times = ask.times
        await asyncio.sleep(0.05)
        assert ask.times == times

    run(test())


def test_a_round_tells_only_whom_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        waiting, idle = FakeSocket(), FakeSocket()
        fields = {"running": 0, "waiting": 1, "ready_in": None, "places": {}}
        rounds = [("queue.places", 0.01, lambda people: {waiting.visitor.user_id: fields})]
        monkeypatch.setattr(sockets, "_rounds", rounds)
        here = sockets.Sockets()
        here.add(waiting)
        here.add(idle)
        await until(lambda: waiting.told)
        here.remove(waiting)
        here.remove(idle)
        assert waiting.told[0] == ("queue.places", fields)
        assert idle.told == []

    run(test())


def test_a_failing_round_comes_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> None:
        one = FakeSocket()
        answers = iter([ZeroDivisionError(), {one.visitor.user_id: {"running": 1}}])

        def compute(people: list[UUID]) -> dict[UUID, dict[str, Any]]:
            answer = next(answers, {})
            if isinstance(answer, Exception):
                raise answer
            return answer

        monkeypatch.setattr(sockets, "_rounds", [("queue.places", 0.01, compute)])
        here = sockets.Sockets()
        here.add(one)
        await until(lambda: one.told)
        here.remove(one)

    run(test())
    assert "A round of the sockets failed" in caplog.text


def test_who_comes_while_a_look_runs_is_in_the_next() -> None:
    async def test() -> None:
        ask = Asked(lambda keys: {key: key * 2 for key in keys if key != 13})
        twice: Gathered[int, int] = Gathered(ask)
        found = await asyncio.gather(*(twice(key) for key in [1, 2, 3, 3, 13]))
        assert found == [2, 4, 6, 6, None]
        assert ask.times <= 2
        assert await twice(5) == 10

    run(test())


def test_a_failed_look_fails_those_who_asked_and_no_later_one() -> None:
    async def test() -> None:
        def fail_once(keys: list[int]) -> dict[int, int]:
            if ask.times == 1:
                raise ZeroDivisionError
            return dict.fromkeys(keys, 1)

        ask = Asked(fail_once)
        once: Gathered[int, int] = Gathered(ask)
        with pytest.raises(ZeroDivisionError):
            await once(1)
        assert await once(1) == 1

    run(test())


def test_an_allowance_grows_back() -> None:
    now = 0.0
    allowance = Allowance(2, 0.5, lambda: now)
    assert [allowance.take() for _ in range(3)] == [True, True, False]
    now = 2.0
    assert [allowance.take() for _ in range(2)] == [True, False]
    now = 1000.0
    assert [allowance.take() for _ in range(3)] == [True, True, False]
