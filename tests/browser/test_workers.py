"""The operators' page of workers in a real browser: it follows the fleet while one looks, and its
buttons work. Not for what it says: tests/fleet/test_page.py has that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from accounts.models import User
from ourvidz.rows import as_service
from tests.workers.conftest import new_hand
from workers.models import WorkerUrl

__all__ = ["new_hand"]
PATIENCE = 45_000  # milliseconds; a busy machine is slow, not wrong


@pytest.fixture(autouse=True)
def patience(page: Page) -> None:
    expect.set_options(timeout=PATIENCE)
    page.context.set_default_timeout(PATIENCE)


def test_the_page_follows_the_fleet(
    page: Page,
    sign_in: Callable[[Page, User], None],
    staff: User,
    new_hand: Any,
    complaints: list[str],
    screenshot: Callable[[str], None],
) -> None:
    one = new_hand("gpu-1")
    sign_in(page, staff)
    page.goto("/workers/")
    row = page.get_by_role("article", name="gpu-1")
    expect(row).to_contain_text("Active")
    one.post("heartbeat", {"status": "idle", "loaded_preset": "starter-fast"})
    expect(row).to_contain_text("starter-fast")
    new_hand("gpu-2")
    expect(page.get_by_role("article", name="gpu-2")).to_contain_text("Active")
    row.get_by_role("button", name="Drain gpu-1").click()
    expect(row).to_contain_text("Draining")
    expect(row.get_by_role("button").first).to_be_focused()
    with as_service("test"):
        assert WorkerUrl.objects.get(name="gpu-1").status == "draining"
    row.get_by_role("button", name="Enable gpu-1").click()
    expect(row.get_by_role("button", name="Drain gpu-1")).to_be_visible()
    screenshot("workers")
    row.get_by_role("link", name="gpu-1").click()
    expect(page.get_by_text("an operator said so").first).to_be_visible()
    expect(page.get_by_role("heading", name="gpu-1")).to_have_count(1)
    screenshot("worker")
    assert complaints == []


def test_what_was_told_before_the_page_heard_is_shown(
    page: Page, sign_in: Callable[[Page, User], None], staff: User, new_hand: Any
) -> None:
    one = new_hand("gpu-1")
    sign_in(page, staff)
    told: list[bool] = []

    def before_the_socket(socket: WebSocketRoute) -> None:
        if not told:
            told.append(True)
            one.post("heartbeat", {"status": "idle", "loaded_preset": "starter-fast"})
        socket.connect_to_server()

    page.route_web_socket("**/ws/", before_the_socket)
    page.goto("/workers/")
    expect(page.get_by_role("article", name="gpu-1")).to_contain_text("starter-fast")
    assert told
