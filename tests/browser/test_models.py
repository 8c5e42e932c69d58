"""The operators' page of models in a real browser: it follows a fetch while one looks. Not for
what it says and does: tests/models/test_page.py has that.
"""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, WebSocketRoute, expect

from accounts.models import User
from jobs import fetching
from jobs.models_store import Progress
from ourvidz.rows import as_service

PATIENCE = 45_000  # milliseconds; a busy machine is slow, not wrong
SLUG = "sdxl-base"


def tell(state: str, done: int) -> None:
    with as_service("test"):
        fetching._tell(SLUG, state, Progress(done, 100))


def test_what_was_told_before_the_page_heard_is_shown(
    page: Page, sign_in: Callable[[Page, User], None], staff: User, presets: None, empty_redis: None
) -> None:
    sign_in(page, staff)
    told: list[bool] = []

    def before_the_socket(socket: WebSocketRoute) -> None:
        if not told:
            told.append(True)
            tell(fetching.RUNNING, 40)
        socket.connect_to_server()

    page.route_web_socket("**/ws/", before_the_socket)
    page.goto("/models/")
    row = page.locator(f"#model-{SLUG}")
    expect(row.get_by_role("progressbar")).to_have_attribute("value", "40", timeout=PATIENCE)
    tell(fetching.RUNNING, 60)
    expect(row).to_contain_text("60 %", timeout=PATIENCE)
    assert told
