"""How long a real page takes to catch up after a gap: changes are committed of which nobody is
told, as if its connection had been away, and then one that it hears. From that commit to the last
card. Not for how long a page takes to find a lost connection.
"""

from __future__ import annotations

import time
from typing import Any

from benchmarks._report import median, percentile, report

MISSED, CARDS, SAMPLES, WARM_UP = (10, 500), 10, 30, 3
PAUSE_SECONDS = 0.2
GOAL = "our own: as fast as a click should be answered"


def measure(site: Any) -> None:
    """Measure with a few and with many missed changes, and report."""
    from benchmarks.realtime import page_of
    from tests.factories import UserFactory

    person = UserFactory()
    with page_of(site, person) as page:
        for missed in MISSED:
            samples = [_caught_up(page, person, missed) for _ in range(SAMPLES + WARM_UP)][WARM_UP:]
            report(
                f"a page that missed {missed} changes shows what it missed: median",
                value=median(samples),
                unit="ms",
                goal="<= 500",
                reference=f"{GOAL}; p95 {percentile(samples, 0.95):.0f} ms; 300 are the page's own "
                "patience with a change that another overtook",
                samples=samples,
            )


def _caught_up(page: Any, person: Any, missed: int) -> float:
    """Let it miss so many changes and hear one; the milliseconds until all cards are there."""
    from benchmarks.realtime import queue_one, remove_all

    items = _unheard(person, missed)
    committed, last = queue_one(person)
    page.wait_for_function(
        "(ids) => ids.every((id) => window.shown[id])", arg=[*items, last], polling=20
    )
    shown = page.evaluate("(ids) => Math.max(...ids.map((id) => window.shown[id]))", [*items, last])
    remove_all(person)
    page.reload()
    page.locator("live-feed[data-state=live]").wait_for(state="attached")
    time.sleep(PAUSE_SECONDS)
    return float(shown) - committed


def _unheard(person: Any, missed: int) -> list[str]:
    """Commit so many changes, ten new cards among them, and tell nobody; returns the items."""
    from jobs.services import queue_job
    from jobs.specs import JobSpec
    from ourvidz import feed
    from ourvidz.rows import as_user
    from workspace.models import WorkspaceItem

    spec = JobSpec(prompt="a castle", preset="starter-fast", destination="workspace", count=CARDS)
    tell = feed._send
    feed._send = lambda *_: None
    try:
        with as_user(person):
            jobs = queue_job(user=person, spec=spec)
            for _ in range(missed - CARDS):
                feed.publish(person.pk, "profile.changed", {})
            found = WorkspaceItem.objects.for_user(person).filter(job__in=jobs)
            return [str(item.pk) for item in found]
    finally:
        feed._send = tell
