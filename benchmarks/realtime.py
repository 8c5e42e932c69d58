"""How fast the page learns of a change: from the commit of a job's row to the message in the page,
and to its card on the screen, in real Chromium, with 200 sockets open; to a thousand sockets
(_fanout.py); and after a gap (_gap.py). And what sending costs the sender.
Run: python -m benchmarks.realtime [fanout|pages|gap]
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from websockets.asyncio.client import connect

from benchmarks import _fanout, _gap
from benchmarks._report import median, percentile, report
from benchmarks._site import running_site

SOCKETS = 200
TABS_EACH = 2
SAMPLES = 100
WARM_UP = 5
PAUSE_SECONDS = 0.1
SEED = "the seed asks for workspace updates in < 50 ms"
ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-first-run"]
# Both clocks are the machine's: milliseconds since 1970.
RECORDER = """
const now = () => performance.timeOrigin + performance.now();
window.heard = {}; window.shown = {};
document.addEventListener("feed:change", ({ detail }) => {
  for (const item of detail.ids.items ?? []) window.heard[item] = now();
});
new MutationObserver(() => {
  for (const card of document.querySelectorAll("item-card"))
    window.shown[card.id.slice(5)] ??= now();
}).observe(document, { childList: true, subtree: true });
"""


def main(chosen: list[str]) -> None:
    """Measure what is named, or everything, and report it."""
    # Playwright keeps an event loop in this thread, beside which Django's ORM refuses to work.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with running_site() as site:
        prepare()
        for name in chosen or PARTS:
            PARTS[name](site)


def pages(site: Any) -> None:
    """What reaches a real page, and what sending costs."""
    from tests.factories import UserFactory

    people = [UserFactory() for _ in range(SOCKETS // TABS_EACH)]
    with crowd(site, people[1:]), page_of(site, people[0]) as page:
        heard, shown = measure(page, people[0])
    told("with 200 sockets of 100 people", heard, shown)
    with crowd(site, [people[0]] * (SOCKETS // TABS_EACH)), page_of(site, people[0]) as page:
        heard, _ = measure(page, people[0])
    tell("commit to message in the page, 200 tabs of one person", "p99", heard)
    measure_sending(people[0])


def prepare() -> None:
    """Write the presets that every installation has."""
    from jobs.presets import sync_presets
    from ourvidz.rows import as_service

    with as_service("benchmark"):
        sync_presets()


def told(how: str, heard: list[float], shown: list[float]) -> None:
    """Report the median and the 99th percentile of both ways."""
    for name, samples in (("message in the page", heard), ("card on the page", shown)):
        for kind in ("median", "p99"):
            tell(f"commit to {name}, {how}", kind, samples)


def tell(claim: str, kind: str, samples: list[float]) -> None:
    """Report one figure against the seed's 50 ms."""
    value = median(samples) if kind == "median" else percentile(samples, 0.99)
    report(f"{claim}: {kind}", value=value, unit="ms", goal="< 50", samples=samples, reference=SEED)


def measure(page: Any, user: Any) -> tuple[list[float], list[float]]:
    """Queue jobs one after the other; return the milliseconds until heard and until shown."""
    heard: list[float] = []
    shown: list[float] = []
    for _ in range(WARM_UP + SAMPLES):
        committed, item = queue_one(user)
        page.wait_for_function("(id) => window.shown[id]", arg=item, polling=20)
        heard.append(page.evaluate("(id) => window.heard[id]", item) - committed)
        shown.append(page.evaluate("(id) => window.shown[id]", item) - committed)
        remove_all(user)
        time.sleep(PAUSE_SECONDS)
    return heard[WARM_UP:], shown[WARM_UP:]


def queue_one(user: Any) -> tuple[float, str]:
    """Queue a job as the page's form does; return when it was committed (ms) and its item's id."""
    from django.db import transaction

    from jobs.services import queue_job
    from jobs.specs import JobSpec
    from ourvidz.rows import as_user
    from workspace.models import WorkspaceItem

    stamps: list[float] = []
    spec = JobSpec(prompt="a castle", preset="starter-fast", destination="workspace")
    with as_user(user):
        # The first of the callbacks: it runs when the commit has returned.
        transaction.on_commit(lambda: stamps.append(time.time() * 1000))
        (job,) = queue_job(user=user, spec=spec)
        item = WorkspaceItem.objects.for_user(user).get(job=job)
    return stamps[0], str(item.pk)


def remove_all(user: Any) -> None:
    """Empty the line and the page's session, so that every sample meets the same page."""
    from jobs.models import Job
    from ourvidz.rows import as_service
    from workspace.models import WorkspaceItem

    with as_service("benchmark"):
        WorkspaceItem.objects.filter(user=user).delete()
        Job.objects.filter(user=user).delete()


def measure_sending(user: Any) -> None:
    """Time what a moment costs a plain thread, such as a request's or a worker's."""
    from ourvidz import feed

    def send() -> float:
        started = time.perf_counter()
        feed.moment(user.pk, "job.progress", job=user.pk, step=1, of=20)
        return (time.perf_counter() - started) * 1000

    samples = [send() for _ in range(SAMPLES)]
    report(
        "sending a moment: median",
        value=median(samples),
        unit="ms",
        goal="< 2",
        samples=samples,
        reference="channel layer's own group_send from a thread: 10 ms on the same busy machine",
    )


@contextmanager
def crowd(site: Any, people: list[Any]) -> Iterator[None]:
    """Keep TABS_EACH sockets open for each of these people, in a thread with an event loop."""
    sessions = [session_of(person) for person in people]
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    tabs = Tabs(site)
    asyncio.run_coroutine_threadsafe(tabs.open(sessions), loop).result(600)
    try:
        yield
    finally:
        asyncio.run_coroutine_threadsafe(tabs.close(), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


class Tabs:
    """Open sockets that read and forget, as tabs in the background do."""

    def __init__(self, site: Any) -> None:
        self.site = site
        self.tasks: list[asyncio.Task[None]] = []
        self.ready = 0

    async def open(self, sessions: list[str]) -> None:
        """Open them all and wait until each was greeted."""
        wanted = [session for session in sessions for _ in range(TABS_EACH)]
        for session in wanted:
            self.tasks.append(asyncio.create_task(self._read(session)))
        while self.ready < len(wanted):
            await asyncio.sleep(0.05)

    async def close(self) -> None:
        """Close them all."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def _read(self, session: str) -> None:
        cookie = {"Cookie": f"sessionid={session}"}
        url = self.site.websocket_url
        async with connect(
            url, origin=self.site.url, additional_headers=cookie, open_timeout=60
        ) as socket:
            await socket.send('{"type":"hello","head":null}')
            await socket.recv()
            self.ready += 1
            async for _ in socket:
                pass


def session_of(person: Any) -> str:
    """Sign a person in and return the session's key."""
    from tests.realtime.tab import signed_in

    return signed_in(person)


@contextmanager
def page_of(site: Any, person: Any) -> Iterator[Any]:
    """Open the workspace in Chromium, signed in and live."""
    from playwright.sync_api import sync_playwright

    cookie: Any = {"name": "sessionid", "value": session_of(person), "url": site.url}
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        page = browser.new_page()
        page.context.add_cookies([cookie])
        page.add_init_script(RECORDER)
        page.goto(f"{site.url}/workspace/")
        page.locator("live-feed[data-state=live]").wait_for(state="attached")
        yield page
        browser.close()


PARTS = {"fanout": _fanout.measure, "pages": pages, "gap": _gap.measure}

if __name__ == "__main__":
    main(sys.argv[1:])
