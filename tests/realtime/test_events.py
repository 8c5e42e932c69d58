"""Every event that the code tells, or a page listens for, is in the closed list: a wrong name would
be silence, not an error.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from ourvidz import events

ROOT = Path(__file__).parents[2]
APPS = ("accounts", "jobs", "library", "ourvidz", "workers", "workspace")
# The name's place among the arguments of each door.
DOORS = {"publish": 1, "moment": 1, "staff_moment": 0}
LISTENED = re.compile(r'"((?:session|items?|job|media|project|reference|queue|fleet)\.[a-z]+)"')


def told() -> Iterator[tuple[str, str]]:
    """Yield (door, event) for each call of the feed with a literal name."""
    for app in APPS:
        for path in (ROOT / app).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                    yield from _event(node, node.func)


def _event(call: ast.Call, door: ast.Attribute) -> Iterator[tuple[str, str]]:
    if not isinstance(door.value, ast.Name) or door.value.id != "feed" or door.attr not in DOORS:
        return
    name = call.args[DOORS[door.attr]]
    if isinstance(name, ast.Constant):
        yield door.attr, name.value


def test_what_is_told_is_known() -> None:
    found = set(told())
    assert len(found) > 10
    for door, event in found:
        assert event in (events.CHANGES if door == "publish" else events.MOMENTS), event


def test_every_known_event_is_told_by_somebody() -> None:
    by_rounds = {"queue.places"}
    assert {event for _, event in told()} | by_rounds == set(events.CHANGES) | set(events.MOMENTS)


def test_pages_listen_for_what_exists() -> None:
    scripts = (ROOT / "ourvidz" / "static" / "ourvidz" / "js").rglob("*.js")
    heard = {name for script in scripts for name in LISTENED.findall(script.read_text())}
    assert heard and heard <= set(events.CHANGES) | set(events.MOMENTS)
