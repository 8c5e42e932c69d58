"""How light and how quick the pages are: bytes and requests of a first visit, time to the first
paint, the server's time with a thousand and with a hundred thousand items, and how all of it feels
(benchmarks._feel). In real Chromium, against a real site. Run: python -m benchmarks.pages [feel]
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from typing import Any

import httpx

from benchmarks._feel import measure_feel
from benchmarks._report import median, report
from benchmarks._site import running_site

ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-first-run"]
SAMPLES = 40
PAINTS = 30
PAGES = {"workspace": "/workspace/", "library": "/library/"}
API = {"items": "/api/v1/items?limit=50", "media": "/api/v1/media?limit=50"}
INVOKE = "InvokeAI 6.14 ships 1670 KB"
SEED_LOAD = "the seed asks < 2 s load; half of it is the goal"
SEED_PAGE = "the seed asks < 100 ms workspace rendering; half of it is the goal"
SEED_API = "the seed asks < 500 ms an answer; half of it is the goal"
SEED_QUERY = "the seed asks < 100 ms a query; half of it is the goal"
GROWTH = "server time at 10^5 items over that at 10^3"
WEIGH = """() => performance.getEntriesByType('resource').map(
    (e) => ({name: e.name, bytes: e.encodedBodySize, kind: e.initiatorType}))"""
PAINT = """() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"""


def main(only: str) -> None:
    """Measure everything and report it, or `only` how it feels."""
    with running_site() as site:
        from benchmarks import _crowd

        if only == "feel":
            return measure_browser(site, None, _crowd.person_with(200))

        few, many = _crowd.person_with(1_000), _crowd.person_with(100_000)
        some = _crowd.person_with(200)
        _crowd.settle()
        measure_server(site, few, many)
        measure_queries(many)
        measure_browser(site, few, some)


def measure_server(site: Any, few: Any, many: Any) -> None:
    """Time whole answers over loopback, signed in, fifty items a page."""
    with signed_in(site, few) as small, signed_in(site, many) as large:
        for name, path in (PAGES | API).items():
            at_few, at_many = timed(small, path), timed(large, path)
            is_api = name in API
            label = f"API {name}" if is_api else name
            report(
                f"{label}: server time with 10^5 items",
                value=median(at_many),
                unit="ms",
                goal="<= 250" if is_api else "<= 50",
                samples=at_many,
                reference=SEED_API if is_api else SEED_PAGE,
            )
            report(
                f"{label}: growth from 10^3 to 10^5 items",
                value=median(at_many) / median(at_few),
                unit="ratio",
                goal="<= 1.3",
                samples=at_few,
                reference=GROWTH,
            )


def measure_queries(user: Any) -> None:
    """Time the library's first page as a query of its own, under row-level security."""
    from library.models import Media
    from ourvidz import rows

    def first_page() -> None:
        list(Media.objects.for_user(user).kept().newest_first()[:50])

    with rows.as_user(user):
        samples = [clocked(first_page) for _ in range(SAMPLES)]
    report(
        "library's first page: the query with 10^5 items",
        value=median(samples),
        unit="ms",
        goal="<= 50",
        samples=samples,
        reference=SEED_QUERY,
    )


def measure_browser(site: Any, user: Any, some: Any) -> None:
    """Visit both pages with an empty cache, again and again; then use them as hands do."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        state = browser_state(browser, site, user or some)
        for name, path in PAGES.items() if user else ():
            visits = [visit(browser, site, state, path) for _ in range(PAINTS)]
            report_visits(name, visits)
        measure_feel(site, browser, browser_state(browser, site, some), some)
        browser.close()


def report_visits(name: str, visits: list[dict[str, float]]) -> None:
    """Report one page's weight, requests and paint."""
    for claim, key, unit, goal, reference in (
        ("JavaScript and CSS of a first visit, compressed", "code", "KB", "<= 100", INVOKE),
        ("requests of a first visit without the pictures", "requests", "requests", "<= 12", ""),
        ("first paint with an empty cache", "paint", "ms", "<= 1000", SEED_LOAD),
    ):
        samples = [seen[key] for seen in visits]
        report(
            f"{name}: {claim}",
            value=median(samples),
            unit=unit,
            goal=goal,
            samples=samples,
            reference=reference or "none stated",
        )


def browser_state(browser: Any, site: Any, user: Any) -> Any:
    """Sign in through the form once; returns the cookies."""
    from benchmarks._crowd import PASSWORD

    context = browser.new_context(base_url=site.url)
    page = context.new_page()
    page.goto("/accounts/login/")
    page.get_by_label("Email", exact=True).fill(user.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/workspace/**")
    state = context.storage_state()
    context.close()
    return state


def visit(browser: Any, site: Any, state: Any, path: str) -> dict[str, float]:
    """Open a page in a fresh context; returns KB of code, requests, and ms to the first paint."""
    context = browser.new_context(base_url=site.url, storage_state=state)
    page = context.new_page()
    page.goto(path, wait_until="load")
    page.wait_for_function(PAINT)
    seen, paint = page.evaluate(WEIGH), page.evaluate(PAINT)
    context.close()
    code = [entry for entry in seen if entry["name"].split("?")[0].endswith((".js", ".css"))]
    others = [entry for entry in seen if "/media/" not in entry["name"]]
    kilobytes = sum(entry["bytes"] for entry in code) / 1000
    return {"code": kilobytes, "requests": len(others) + 1.0, "paint": paint}


def signed_in(site: Any, user: Any) -> httpx.Client:
    """Return an HTTP client with a session of this person's."""
    from django.contrib.auth import get_user_model
    from django.test import Client

    from ourvidz import rows

    client = Client()
    with rows.as_service("benchmark sign-in"):
        person = get_user_model().objects.get(pk=user.pk)
        client.force_login(person, "allauth.account.auth_backends.AuthenticationBackend")
    cookies = {name: morsel.value for name, morsel in client.cookies.items()}
    return httpx.Client(base_url=site.url, cookies=cookies, timeout=60)


def timed(client: httpx.Client, path: str) -> list[float]:
    """Return the milliseconds of each of many answers, after some to warm up."""

    def ask() -> None:
        answer = client.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:500])

    for _ in range(5):
        ask()
    return [clocked(ask) for _ in range(SAMPLES)]


def clocked(work: Callable[[], None]) -> float:
    """Return the milliseconds that some work takes."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
