"""How the library bears much: the server's time for its first page, for words and for a filter with
a million media of one person against a thousand, and what scrolling through 5,000 costs a real
browser. Run: python -m benchmarks.library [how many, 1000000 unless said]
"""

from __future__ import annotations

import shutil
import sys
from typing import Any

from benchmarks._report import median, report
from benchmarks._site import running_site
from benchmarks.pages import ARGUMENTS, browser_state, signed_in, timed

FEW, MANY, SCROLLED = 1_000, 1_000_000, 5_000
# name → (address, how much slower it may be with many)
LISTS = {
    "first page": ("/library/", 1.3),
    "a seed": ("/library/?fragment=grid&q=seed:777", 1.3),
    "a model": ("/library/?fragment=grid&model=starter-fast", 1.3),
    "what was changed last": ("/library/?fragment=grid&sort=changed", 1.3),
    "the largest files": ("/library/?fragment=grid&sort=largest", 1.3),
    "by name": ("/library/?fragment=grid&sort=name", 1.3),
}
# The more there is, the more a word finds: their time counts, not how it grows.
WORDS = {
    "a word that every prompt has": "castle",
    "a word that one in a thousand prompts has": "777",
    "a word that no prompt has": "zebra",
}
PASSES = 30
SCREEN, PAUSE = 800, 100  # pixels, and milliseconds until the next as many: a hurried thumb
VIEW: Any = {"width": 1440, "height": 900}
GOAL = "the goal of the library at a million items"
WATCH = """() => {
  window.seen = {long: [], shift: 0};
  new PerformanceObserver((list) => list.getEntries().forEach(
    (e) => window.seen.long.push(e.duration))).observe({type: "longtask"});
  new PerformanceObserver((list) => list.getEntries().forEach(
    (e) => { if (!e.hadRecentInput) window.seen.shift += e.value; })
  ).observe({type: "layout-shift"});
}"""
LOADED = "document.querySelector('media-grid').ids.length"
NODES = "document.querySelectorAll('media-grid *').length"


def main(many: int) -> None:
    """Measure everything and report it."""
    with running_site() as site:
        from benchmarks import _crowd

        few, lots, scrolled = (_crowd.library_of(count) for count in (FEW, many, SCROLLED))
        _crowd.settle()
        measure_browser(site, scrolled)
        measure_server(site, few, lots, many)
        measure_words(site, lots, many)


def measure_server(site: Any, few: Any, lots: Any, many: int) -> None:
    """Time whole answers over loopback, signed in."""
    with signed_in(site, few) as small, signed_in(site, lots) as large:
        for name, (path, most) in LISTS.items():
            at_few, at_many = timed(small, path), timed(large, path)
            report(
                f"library, {name}: server time with {many:,} media over that with {FEW:,}",
                value=median(at_many) / median(at_few),
                unit="ratio",
                goal=f"<= {most}",
                samples=at_many,
                reference=f"{median(at_few):.0f} ms at {FEW:,}, {median(at_many):.0f} ms with many",
            )


def measure_words(site: Any, lots: Any, many: int) -> None:
    """Time searches for words, as whole answers."""
    with signed_in(site, lots) as client:
        for name, word in WORDS.items():
            samples = timed(client, f"/library/?fragment=grid&q={word}")
            report(
                f"library, search for {name}, among {many:,} media",
                value=median(samples),
                unit="ms",
                goal="<= 250",
                samples=samples,
                reference="the seed asks < 500 ms an answer; half of it is the goal",
            )


def measure_browser(site: Any, user: Any) -> None:
    """Scroll to the end of 5,000 and through it again and again."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        context = browser.new_context(
            base_url=site.url, storage_state=browser_state(browser, site, user), viewport=VIEW
        )
        page = context.new_page()
        page.goto("/library/", wait_until="load")
        page.evaluate(WATCH)
        report_scrolling(*scroll(page, context.new_cdp_session(page)))
        browser.close()


def scroll(page: Any, session: Any) -> tuple[list[float], list[float], dict[str, Any]]:
    """Go down until all is loaded, a screen at a time; returns MB of heap and nodes along the way,
    and what the browser saw.
    """
    heaps, nodes = [], []
    for step in range(1_500):
        page.mouse.wheel(0, SCREEN)
        page.wait_for_timeout(PAUSE)
        if step % 10 == 0:
            # Garbage counts: collecting it would be a long task of our own making.
            heaps.append(session.send("Runtime.getHeapUsage")["usedSize"] / 1e6)
            nodes.append(float(page.evaluate(NODES)))
        at_end = page.evaluate("scrollY + innerHeight >= document.body.scrollHeight - 4")
        if page.evaluate(LOADED) >= SCROLLED and at_end:
            break
    while len(heaps) < PASSES:
        page.mouse.wheel(0, -SCREEN)
        page.wait_for_timeout(PAUSE)
        heaps.append(session.send("Runtime.getHeapUsage")["usedSize"] / 1e6)
        nodes.append(float(page.evaluate(NODES)))
    return heaps, nodes, page.evaluate("window.seen")


def report_scrolling(heaps: list[float], nodes: list[float], seen: dict[str, Any]) -> None:
    """Report heap, long tasks, shifts and the size of the document."""
    long = [float(one) for one in seen["long"]] or [0.0]
    padded = long + [0.0] * (PASSES - len(long))
    for claim, value, unit, goal, samples in (
        ("JavaScript heap at most", max(heaps), "MB", "<= 150", heaps),
        ("longest task", max(long), "ms", "<= 100", padded),
        ("layout shift in sum", seen["shift"], "CLS", "<= 0.01", [seen["shift"]] * PASSES),
        ("elements in the grid at most", max(nodes), "elements", "<= 6000", nodes),
    ):
        report(
            f"library, scrolling through {SCROLLED:,}: {claim}",
            value=value,
            unit=unit,
            goal=goal,
            samples=samples,
            reference=GOAL,
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else MANY)
