"""How many machines are wanted, started and stopped, by the rules alone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.scaling.policy import Demand, Limits, Surplus, Unit, decide


def limits(**changes: Any) -> Limits:
    usual = {"minimum": 0, "maximum": 10, "target_wait": 10.0, "idle": 60.0, "cool_down": 30.0}
    return Limits(**(usual | changes))


def demand(waiting: float = 0, jobs: int = 0, arriving: float = 0) -> Demand:
    return Demand(waiting=waiting, arriving=arriving, jobs=jobs)


@pytest.mark.parametrize(
    ("asked", "bounds", "wanted", "reason"),
    [
        (demand(), {}, 0, "minimum"),
        (demand(), {"minimum": 2}, 2, "minimum"),
        (demand(waiting=1, jobs=1), {}, 1, "work"),
        (demand(waiting=35, jobs=9), {}, 4, "work"),
        (demand(waiting=1000, jobs=99), {}, 10, "maximum"),
        # One long job is made by one machine, however long it takes.
        (demand(waiting=1000, jobs=1), {}, 1, "work"),
        # What arrives all the time needs machines even while nothing waits.
        (demand(arriving=2.5), {}, 2, "work"),
        (demand(arriving=0.4), {}, 0, "minimum"),
        (demand(waiting=100, jobs=10), {"cost_per_hour": 1.0, "budget_left": 0.8}, 3, "budget"),
        (demand(waiting=100, jobs=10), {"cost_per_hour": 1.0, "budget_left": 0.0}, 0, "budget"),
        # A machine that costs nothing needs no budget.
        (demand(waiting=20, jobs=10), {"budget_left": 0.0}, 2, "work"),
    ],
)
def test_what_is_wanted(asked: Demand, bounds: Any, wanted: int, reason: str) -> None:
    decision = decide(limits(**bounds), asked, [], None)
    assert (decision.wanted, decision.reason, decision.start) == (wanted, reason, wanted)


def test_the_next_start_waits_for_the_first_to_help() -> None:
    asked = demand(waiting=50, jobs=5)
    assert decide(limits(), asked, [Unit("a")], 10.0).start == 0
    assert decide(limits(), asked, [Unit("a")], 31.0).start == 4


UNITS = [Unit("busy"), Unit("idle", busy=False), Unit("idler", busy=False)]


def test_machines_that_were_not_wanted_for_long_are_given_back() -> None:
    assert decide(limits(), demand(), UNITS).stop == ()
    assert decide(limits(), demand(), UNITS, None, Surplus(59.0, 0)).stop == ()
    assert decide(limits(), demand(), UNITS, None, Surplus(60.0, 0)).stop == ("idle", "idler")
    assert decide(limits(minimum=2), demand(), UNITS, None, Surplus(60.0, 0)).stop == ("idle",)


def test_what_was_wanted_meanwhile_stays() -> None:
    later = decide(limits(), demand(), UNITS, None, Surplus(60.0, 2))
    assert (later.stop, later.peak) == (("idle",), None)


def test_too_many_are_noticed_with_the_most_that_were_wanted() -> None:
    assert decide(limits(), demand(waiting=9, jobs=9), UNITS).peak == 1
    assert decide(limits(), demand(), UNITS, None, Surplus(5.0, 2)).peak == 2
    assert decide(limits(), demand(waiting=30, jobs=9), UNITS, None, Surplus(5.0, 2)).peak is None


def test_out_of_money_those_that_work_finish_and_go() -> None:
    bounds = limits(cost_per_hour=1.0, budget_left=-0.1)
    assert set(decide(bounds, demand(waiting=9, jobs=9), UNITS).stop) == {"busy", "idle", "idler"}


def test_one_that_drains_does_no_work_but_still_costs() -> None:
    asked, bounds = demand(waiting=20, jobs=2), limits(cost_per_hour=1.0, budget_left=0.5)
    assert decide(bounds, asked, [Unit("a", draining=True)]).start == 1


@given(
    minimum=st.integers(0, 5),
    more=st.integers(0, 20),
    waiting=st.floats(0, 1e6),
    arriving=st.floats(0, 1e3),
    jobs=st.integers(0, 10_000),
    busy=st.lists(st.booleans(), max_size=30),
    money=st.one_of(st.none(), st.floats(-10, 100)),
    peak=st.one_of(st.none(), st.integers(0, 30)),
)
def test_the_bounds_hold_whatever_happens(
    minimum: int,
    more: int,
    waiting: float,
    arriving: float,
    jobs: int,
    busy: list[bool],
    money: float | None,
    peak: int | None,
) -> None:
    bounds = limits(minimum=minimum, maximum=minimum + more, cost_per_hour=1.0, budget_left=money)
    units = [Unit(number, each) for number, each in enumerate(busy)]
    surplus = None if peak is None else Surplus(1000.0, peak)
    decision = decide(bounds, demand(waiting, jobs, arriving), units, None, surplus)
    assert 0 <= decision.wanted <= minimum + more
    assert not (decision.start and decision.stop)
    if decision.start:
        assert decision.start + len(units) <= decision.wanted
    if decision.stop:
        assert len(units) - len(decision.stop) >= decision.wanted
