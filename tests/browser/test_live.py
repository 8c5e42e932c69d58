"""The workspace lives through changes made elsewhere, with and without its socket, and ends up as a
fresh page. What the socket itself does is tested in tests/realtime."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Page, expect

from jobs.models import Job
from jobs.services import queue_job
from jobs.specs import JobSpec
from ourvidz.rows import as_user
from tests.browser.hand import Hand
from tests.browser.live import assert_page_equals_fresh
from tests.site import LiveSite
from workspace.models import WorkspaceItem
from workspace.services import delete_item
from workspace.sessions import rename_session


def ask(user: Any, prompt: str, count: int = 1) -> list[Job]:
    spec = JobSpec(prompt=prompt, preset="starter-fast", destination="workspace", count=count)
    with as_user(user):
        return queue_job(user=user, spec=spec)


def items(user: Any) -> list[WorkspaceItem]:
    with as_user(user):
        return list(WorkspaceItem.objects.for_user(user).present().newest_first())


def test_changes_from_elsewhere_appear(workspace: Page, hand: Hand, user: Any) -> None:
    ask(user, "a castle", count=2)
    expect(workspace.get_by_role("article", name="a castle")).to_have_count(2)
    job = hand.take()
    expect(workspace.locator('[data-job-status="running"]')).to_have_count(1)
    hand.deliver(job)
    expect(workspace.locator('[data-status="generated"]')).to_have_count(1)
    hand.fail(hand.take(), "out_of_memory")
    expect(workspace.locator('[data-status="failed"]')).to_have_count(1)
    ask(user, "a lighthouse")
    session = items(user)[0].session_id
    with as_user(user):
        rename_session(user=user, session_id=session, session_name="Coast")
        delete_item(user=user, item_id=items(user)[-1].pk)
    expect(workspace.get_by_role("article")).to_have_count(2)
    assert_page_equals_fresh(workspace)


def test_a_picture_does_not_wait_for_the_text_of_its_card(
    workspace: Page, hand: Hand, user: Any
) -> None:
    """What the page draws by itself is what the server says."""
    ask(user, "a <castle> & a moat")
    card = workspace.get_by_role("article", name="a <castle> & a moat")
    expect(card).to_have_count(1)
    job = hand.take()
    expect(workspace.locator('[data-job-status="running"]')).to_have_count(1)
    workspace.route(re.compile("/cards?([?]|$)"), lambda route: route.abort())
    hand.deliver(job)
    expect(card).to_have_attribute("data-status", "generated")
    assert_page_equals_fresh(workspace)
    card.get_by_role("button", name="Save to library").click()
    expect(card).to_have_attribute("data-status", "saved")


def test_a_page_without_its_server_catches_up(
    workspace: Page, live_site: LiveSite, hand: Hand, user: Any
) -> None:
    ask(user, "a castle")
    job = hand.take()
    hand.deliver(job)
    expect(workspace.locator('[data-status="generated"]')).to_have_count(1)
    assert live_site.web.process is not None
    live_site.web.process.kill()
    workspace.locator("live-feed[data-state=offline]").wait_for(state="attached")
    ask(user, "a lighthouse", count=2)
    with as_user(user):
        delete_item(user=user, item_id=items(user)[-1].pk)
    live_site.web.ensure_running()
    workspace.locator("live-feed[data-state=live]").wait_for(state="attached", timeout=60_000)
    expect(workspace.get_by_role("article", name="a lighthouse")).to_have_count(2)
    expect(workspace.get_by_role("article", name="a castle")).to_have_count(0)
    assert_page_equals_fresh(workspace)
