"""Which steps of a job a GPU process reports. Not for what a report is: test_processes.py sees some
arrive."""

from __future__ import annotations

from typing import Any

import pytest

from workers.gpu import progress
from workers.gpu.progress import Reports, Step


@pytest.fixture
def reported(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that returns which steps are reported, of so many that end at these seconds."""

    def of(count: int, *ends: float, first: int = 1) -> list[int]:
        clock = [100.0]
        monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
        reports: Any = Reports(None, None, None)  # type: ignore[arg-type]
        reports.began, told = 100.0, []
        for number, end in enumerate(ends, first):
            clock[0] = 100.0 + end
            reports.news.clear()
            reports.step(Step(number, count))
            told += [number] if reports.news.is_set() else []
        return told

    return of


def test_steps_of_a_job_that_ends_at_once_are_not_reported(reported: Any) -> None:
    """Not even the first, which waits for the words to be read."""
    assert reported(10, 0.04, *[0.04 + 0.015 * step for step in range(1, 10)]) == []


def test_steps_of_a_job_that_takes_a_while_are(reported: Any) -> None:
    assert reported(10, *[float(step) for step in range(1, 11)]) == list(range(1, 10))
    assert reported(10, 0.1, *[0.1 + 0.1 * step for step in range(1, 10)]) == [2, 3, 4, 5, 6, 7]


def test_a_job_that_begins_later_is_judged_by_its_own_steps(reported: Any) -> None:
    ends = [0.04 + 0.02 * step for step in range(4)]
    assert reported(10, *ends, first=7) == []
