"""What browser tests of the workspace share: presets, a worker moved by hand, a page that keeps
what its console said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import ConsoleMessage, Page, expect

from jobs.presets import sync_presets
from ourvidz.rows import as_service
from tests.browser.hand import Hand
from tests.site import LiveSite

PATIENCE = 40_000  # milliseconds; a busy machine is slow, not wrong
SCREENS = Path(__file__).resolve().parents[2] / "var" / "test-output" / "screens"


@pytest.fixture
def presets(live_site: LiveSite) -> None:
    """The presets that every installation has."""
    with as_service("test data"):
        sync_presets()


@pytest.fixture
def hand(live_site: LiveSite, presets: None) -> Hand:
    """A worker that does what the test says."""
    return Hand(live_site)


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the console says of wrong things: errors of scripts, and what the policy refused."""
    heard: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        # A refused form is an answer, not an error of the page.
        if message.type == "error" and "status of 4" not in message.text:
            heard.append(message.text)

    page.on("console", listen)
    page.on("pageerror", lambda error: heard.append(str(error)))
    return heard


@pytest.fixture
def workspace(
    page: Page,
    live_site: LiveSite,
    presets: None,
    user: Any,
    client_of: Any,
    complaints: list[str],
) -> Page:
    """The workspace of somebody who is signed in, with a page that hears the feed."""
    session = client_of(user).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_site.url}])
    page.context.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    page.goto("/workspace/", wait_until="domcontentloaded")
    page.locator("live-feed[data-state=live]").wait_for(state="attached")
    return page


@pytest.fixture
def screenshot(page: Page) -> Callable[[str], None]:
    """Return `screenshot(name)`, which leaves a picture of the page for people to look at."""

    def leave(name: str) -> None:
        SCREENS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENS / f"{name}.png")

    return leave
