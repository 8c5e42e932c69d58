"""Whether a session is active while a tab has it open, and idle after the last one, in a real
browser. Not for the order in which single words arrive: see tests/workspace/test_presence.py.
"""

from __future__ import annotations

from playwright.sync_api import Page

from ourvidz import live
from ourvidz.rows import as_service
from tests.browser.hand import Hand
from tests.site import wait_until
from workspace import presence
from workspace.models import WorkspaceSession

PATIENCE_SECONDS = 20


def is_active() -> bool:
    with as_service("test"):
        return WorkspaceSession.objects.get().is_active


def tabs() -> int:
    """How many tabs are known to have the session open."""
    with as_service("test"):
        session = WorkspaceSession.objects.get()
    return live.redis().zcard(presence._open(session.pk))


def opened(page: Page) -> Page:
    page.goto("/workspace/", wait_until="domcontentloaded")
    page.locator("live-feed[data-state=live]").wait_for(state="attached")
    return page


def test_a_reloaded_session_is_active_and_a_closed_one_is_idle(workspace: Page, hand: Hand) -> None:
    other = workspace.context.new_page()
    for _ in range(3):
        opened(workspace)
    wait_until(is_active, PATIENCE_SECONDS, "the session of an open page to be active")
    wait_until(lambda: tabs() == 1, PATIENCE_SECONDS, "the pages before to have ended")
    assert is_active()
    workspace.close(run_before_unload=True)
    wait_until(lambda: not is_active(), PATIENCE_SECONDS, "the session to be idle")
    other.close()


def test_the_last_of_two_tabs_leaves_the_session_idle(workspace: Page, hand: Hand) -> None:
    other = opened(workspace.context.new_page())
    wait_until(lambda: tabs() == 2, PATIENCE_SECONDS, "two tabs")
    workspace.close(run_before_unload=True)
    wait_until(lambda: tabs() == 1, PATIENCE_SECONDS, "one tab")
    assert is_active()
    other.goto("/library/")
    wait_until(lambda: not is_active(), PATIENCE_SECONDS, "the session to be idle")


def test_a_page_that_the_browser_kept_is_active_again(workspace: Page, hand: Hand) -> None:
    def turn(name: str) -> None:
        workspace.evaluate(
            "name => dispatchEvent(new PageTransitionEvent(name, { persisted: true }))", name
        )

    turn("pagehide")
    wait_until(lambda: not is_active(), PATIENCE_SECONDS, "the session to be idle")
    turn("pageshow")
    wait_until(is_active, PATIENCE_SECONDS, "the session to be active again")
    assert tabs() == 1
