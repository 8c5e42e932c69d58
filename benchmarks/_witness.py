"""A browser that has the workspace open while everything breaks, and is asked at the end whether it
shows what a fresh page shows. Not for how fast a page is.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.pages import ARGUMENTS, browser_state


@contextmanager
def witness(site: Any, user: Any) -> Iterator[Any]:
    """Open the person's workspace; yields the page. `user` signs in with the crowd's password."""
    from playwright.sync_api import sync_playwright

    # The driver's loop counts as running in this thread, and the ORM would refuse.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    program = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        state = browser_state(browser, site, user)
        page = browser.new_context(base_url=site.url, storage_state=state).new_page()
        page.goto("/workspace/")
        yield page
        browser.close()


def lies(page: Any) -> int:
    """Compare the page that lived through it with a fresh one; 1 where they differ."""
    from tests.browser.live import assert_page_equals_fresh

    try:
        assert_page_equals_fresh(page)
    except AssertionError as difference:
        print(difference, file=sys.stderr)
        return 1
    return 0


def cards(page: Any) -> int:
    """How many cards the page shows."""
    return int(page.locator("[data-item]").count())
