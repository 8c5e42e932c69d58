"""Long sessions in a real browser: what is in view is drawn first, and the rest comes without
moving it. Not for what can be done with a row: see test_workspace.py.
"""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, Route, expect

from tests.browser.test_workspace import rows_of

TOPS = """() => [...document.querySelectorAll(".batch")]
    .map((row) => row.getBoundingClientRect().top)"""


def test_a_reload_comes_back_to_the_same_row_at_once(workspace: Page, user: Any) -> None:
    rows_of(user, 40)
    workspace.goto("/workspace/?loaded=40", wait_until="load")
    expect(workspace.locator(".batch[data-hollow]")).to_have_count(0)
    workspace.mouse.wheel(0, 2600)
    card = workspace.locator(".card").nth(12)
    card.focus()
    workspace.wait_for_timeout(300)
    before = workspace.evaluate(TOPS)
    for _ in range(3):
        workspace.reload(wait_until="load")
        after = workspace.evaluate(TOPS)
        assert max(abs(one - two) for one, two in zip(before, after, strict=True)) < 3
        # All rows are filled by and by, and none of them moves.
        expect(workspace.locator(".batch[data-hollow]")).to_have_count(0)
        after = workspace.evaluate(TOPS)
        assert max(abs(one - two) for one, two in zip(before, after, strict=True)) < 3
    expect(workspace.locator('.card[tabindex="0"]')).to_have_attribute(
        "data-item", str(card.get_attribute("data-item"))
    )


def test_rows_that_could_not_be_had_come_later(workspace: Page, user: Any) -> None:
    rows_of(user, 40)
    missing = iter([503, 503])

    def answer(route: Route) -> None:
        failure = next(missing, None)
        route.fulfill(status=failure) if failure else route.continue_()

    workspace.route("**/batches?batch=*", answer)
    workspace.goto("/workspace/?loaded=40", wait_until="load")
    expect(workspace.locator(".batch[data-hollow]").first).to_be_attached()
    expect(workspace.locator(".batch[data-hollow]")).to_have_count(0, timeout=20_000)


def test_of_many_that_change_together_none_is_lost(workspace: Page, user: Any) -> None:
    many = 210  # more than the server answers for at once
    rows_of(user, many)
    workspace.goto(f"/workspace/?loaded={many}", wait_until="load")
    cards = workspace.locator("item-card")
    expect(cards).to_have_count(many)
    cards.evaluate_all("all => Promise.all(all.map((card) => card.refresh()))")
    expect(cards).to_have_count(many)
