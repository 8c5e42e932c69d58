"""What people do with their own waiting jobs, in a real browser: on a card, on a row, and in the
panel of the whole line, with the mouse and the keyboard. A worker moved by hand takes them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page, expect

from accounts.models import Profile
from ourvidz.rows import as_service
from tests.accessibility.axe import violations
from tests.browser.hand import Hand
from tests.browser.live import assert_page_equals_fresh
from tests.browser.test_workspace import PHONE, box, choose, generate

NARROW = {"width": 360, "height": 740}


def dialog(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Your line")


def open_line(page: Page) -> Locator:
    """Open the panel by its key; returns its rows."""
    page.locator("body").press("q")
    expect(dialog(page)).to_be_visible()
    expect(dialog(page).get_by_role("heading")).to_be_focused()
    return dialog(page).get_by_role("listitem")


def prompts(page: Page, *expected: str) -> None:
    """The rows of the panel, from the first."""
    expect(dialog(page).locator(".line__prompt")).to_have_text(list(expected))


def three(page: Page) -> None:
    for prompt in ("a fox", "a boat", "a rocket"):
        generate(page, prompt)


def test_a_waiting_card_is_paused_and_resumed(
    workspace: Page, hand: Hand, complaints: list[str], screenshot: Callable[[str], None]
) -> None:
    card = generate(workspace).first
    place = box(card)
    card.get_by_role("button", name="Pause").click()
    expect(card.get_by_text("paused")).to_be_visible()
    expect(workspace.locator("queue-pill")).to_contain_text("1 paused")
    assert box(card) == place, "The tile moved."
    assert hand.call("claim", queues=["gpu.image"], presets=[]).status_code == 204
    screenshot("line-card-paused")
    assert_page_equals_fresh(workspace)
    card.press("h")
    expect(card.get_by_text("paused")).to_have_count(0)
    hand.take()
    expect(card).to_have_attribute("data-job-status", "running")
    expect(card.get_by_role("button", name="Edit")).to_have_count(0)
    assert_page_equals_fresh(workspace)
    assert complaints == []


def test_a_card_goes_to_the_front(workspace: Page, hand: Hand) -> None:
    three(workspace)
    card = workspace.get_by_role("article", name="a rocket")
    card.focus()
    card.press("m")
    with workspace.expect_response("**/act"):
        workspace.get_by_role("button", name="To the front").click()
    assert hand.take()["prompt"] == "a rocket"
    card = workspace.get_by_role("article", name="a fox")
    card.get_by_role("button", name="Place in your line").click()
    workspace.get_by_role("button", name="Later", exact=True).click()
    expect(workspace.get_by_role("article", name="a boat").get_by_text("next")).to_be_visible()
    assert hand.take()["prompt"] == "a boat"


def test_what_waits_is_edited(
    workspace: Page, hand: Hand, screenshot: Callable[[str], None], complaints: list[str]
) -> None:
    card = generate(workspace, "a fox").first
    card.focus()
    card.press("e")
    form = workspace.get_by_role("dialog", name="Edit what waits")
    prompt = form.get_by_label("Prompt", exact=True)
    expect(prompt).to_be_focused()
    prompt.fill("  ")
    form.get_by_role("button", name="Save changes").click()
    expect(prompt).to_have_attribute("aria-invalid", "true")
    expect(prompt).to_be_focused()
    prompt.fill("a fox at night")
    form.get_by_label("Steps", exact=True).last.fill("100000")
    form.get_by_role("button", name="Save changes").click()
    expect(form.locator("#change-steps-error")).to_be_visible()
    expect(prompt).to_have_value("a fox at night")
    screenshot("line-edit-refused")
    assert not violations(workspace, "change-job dialog")
    form.get_by_label("Steps", exact=True).last.fill("12")
    form.get_by_label("Seed", exact=True).fill("77")
    form.get_by_role("button", name="Save changes").click()
    expect(form).to_be_hidden()
    expect(workspace.locator(".batch__prompt")).to_have_text("a fox at night")
    job = hand.take()
    assert (job["prompt"], job["seed"], job["parameters"]["steps"]) == ("a fox at night", 77, 12)
    assert_page_equals_fresh(workspace)
    assert complaints == []


def test_a_row_is_paused_resumed_and_canceled_at_once(workspace: Page, hand: Hand) -> None:
    cards = generate(workspace, count=3)
    first = hand.take()
    workspace.get_by_role("button", name="Pause all").click()
    expect(workspace.get_by_text("paused", exact=True)).to_have_count(2)
    expect(workspace.locator(".batch relative-time")).to_have_text("now")
    workspace.get_by_role("button", name="Resume all").click()
    expect(workspace.get_by_text("paused", exact=True)).to_have_count(0)
    workspace.get_by_role("button", name="Cancel all").click()
    expect(cards.nth(1).get_by_text("Canceled.")).to_be_visible()
    expect(cards.nth(0).get_by_text("stopping")).to_be_visible()
    assert hand.step(first, 3), "The one that runs is asked to stop."
    hand.cancel(first)
    expect(workspace.get_by_role("button", name="Cancel all")).to_have_count(0)
    assert_page_equals_fresh(workspace)


def test_the_line_is_ordered_by_buttons_and_keys(
    workspace: Page, hand: Hand, complaints: list[str], screenshot: Callable[[str], None]
) -> None:
    three(workspace)
    rows = open_line(workspace)
    prompts(workspace, "a fox", "a boat", "a rocket")
    expect(dialog(workspace)).to_contain_text("3 of 1,000 waiting or running")
    expect(rows.first).to_contain_text("starts in")
    screenshot("line-panel")
    rows.first.get_by_role("button", name="Later").click()
    prompts(workspace, "a boat", "a fox", "a rocket")
    expect(rows.nth(1).get_by_role("button", name="Later")).to_be_focused()
    rows.nth(2).get_by_role("button", name="Move: a rocket").press("Home")
    prompts(workspace, "a rocket", "a boat", "a fox")
    grip = rows.first.get_by_role("button", name="Move: a rocket")
    expect(grip).to_be_focused()
    grip.press("ArrowDown")
    prompts(workspace, "a boat", "a rocket", "a fox")
    expect(dialog(workspace).get_by_role("status")).to_have_text("Place 2 in your line")
    assert [hand.take()["prompt"] for _ in range(3)] == ["a boat", "a rocket", "a fox"]
    prompts(workspace)
    expect(dialog(workspace).get_by_text("Nothing of yours waits.")).to_be_visible()
    assert complaints == []


def test_fast_presses_of_a_key_all_count(workspace: Page) -> None:
    three(workspace)
    rows = open_line(workspace)
    rows.first.get_by_role("button", name="Move: a fox").press("ArrowDown")
    workspace.keyboard.press("ArrowDown")
    prompts(workspace, "a boat", "a rocket", "a fox")
    expect(rows.nth(2).get_by_role("button", name="Move: a fox")).to_be_focused()


def test_a_row_that_is_dragged_to_the_edge_brings_what_is_beyond(workspace: Page) -> None:
    generate(workspace, "a fox", count=4)
    generate(workspace, "a boat", count=4)
    workspace.set_viewport_size({"width": 390, "height": 600})
    rows = open_line(workspace)
    expect(rows).to_have_count(8)
    name = rows.first.get_attribute("id")
    grip = rows.first.locator("[data-grip]").bounding_box()
    assert grip
    workspace.mouse.move(grip["x"] + 8, grip["y"] + 8)
    workspace.mouse.down()
    workspace.mouse.move(grip["x"] + 8, 590, steps=5)
    expect(rows.last).to_have_attribute("id", name or "")
    workspace.mouse.up()
    expect(dialog(workspace).get_by_text("Place 8 in your line")).to_be_attached()


def test_a_row_is_dragged(workspace: Page, hand: Hand) -> None:
    three(workspace)
    rows = open_line(workspace)
    drag(workspace, rows.first, rows.nth(2))
    workspace.mouse.up()
    prompts(workspace, "a boat", "a rocket", "a fox")
    expect(dialog(workspace).get_by_role("status")).to_have_text("Place 3 in your line")
    drag(workspace, rows.first, rows.nth(1))
    workspace.keyboard.press("Escape")
    workspace.mouse.up()
    prompts(workspace, "a boat", "a rocket", "a fox")
    expect(dialog(workspace)).to_be_visible()
    assert [hand.take()["prompt"] for _ in range(3)] == ["a boat", "a rocket", "a fox"]


def test_the_line_follows_and_acts(
    workspace: Page, hand: Hand, screenshot: Callable[[str], None]
) -> None:
    three(workspace)
    workspace.locator("queue-pill a").click()
    rows = dialog(workspace).get_by_role("listitem")
    pause = rows.nth(1).get_by_role("button", name="Pause")
    resume = rows.nth(1).get_by_role("button", name="Resume")
    for button, other in ((pause, resume), (resume, pause), (pause, resume)):
        button.press("Enter")
        expect(other).to_be_focused()
    expect(rows.nth(1)).to_contain_text("paused")
    hand.take()
    prompts(workspace, "a boat", "a rocket")
    rows.nth(1).get_by_role("button", name="Edit").click()
    form = workspace.get_by_role("dialog", name="Edit what waits")
    form.get_by_label("Prompt", exact=True).fill("a rocket in space")
    form.get_by_role("button", name="Save changes").click()
    prompts(workspace, "a boat", "a rocket in space")
    rows.nth(1).get_by_role("button", name="Cancel").click()
    prompts(workspace, "a boat")
    screenshot("line-panel-paused")
    assert not violations(workspace, "own-line dialog")
    rows.first.get_by_role("button", name="Resume").click()
    expect(rows.first).not_to_contain_text("paused")
    workspace.keyboard.press("Escape")
    expect(dialog(workspace)).to_be_hidden()
    assert_page_equals_fresh(workspace)


def test_the_line_has_a_page(workspace: Page, hand: Hand) -> None:
    three(workspace)
    workspace.goto("/workspace/line/")
    workspace.locator("live-feed[data-state=live]").wait_for(state="attached")
    rows = workspace.get_by_role("main").get_by_role("listitem")
    rows.nth(2).get_by_role("button", name="To the front").click()
    expect(rows.first).to_contain_text("a rocket")
    assert hand.take()["prompt"] == "a rocket"
    expect(rows).to_have_count(2)


def test_the_line_fits_a_phone(workspace: Page, screenshot: Callable[[str], None]) -> None:
    three(workspace)
    generate(workspace, "a castle in the snow " * 20, count=2)
    choose(workspace, "How many", "×1")
    workspace.set_viewport_size(NARROW)
    screenshot("line-phone-cards")
    open_line(workspace)
    expect(dialog(workspace)).to_be_in_viewport()
    wide = "() => document.documentElement.scrollWidth - innerWidth"
    assert workspace.evaluate(wide) <= 0
    inner = "(line) => line.scrollWidth - line.clientWidth"
    assert dialog(workspace).evaluate(inner) <= 0
    screenshot("line-phone")
    workspace.set_viewport_size(PHONE)


def test_it_speaks_german(
    workspace: Page, user: Any, screenshot: Callable[[str], None], hand: Hand
) -> None:
    three(workspace)
    with as_service("test"):
        Profile.objects.filter(user=user).update(language="de")
    workspace.emulate_media(color_scheme="dark")
    workspace.goto("/workspace/line/")
    expect(workspace.get_by_role("heading", level=1)).to_have_text("Deine Warteschlange")
    rows = workspace.get_by_role("main").get_by_role("listitem")
    rows.nth(1).get_by_role("button", name="Anhalten").click()
    expect(rows.nth(1)).to_contain_text("angehalten")
    rows.nth(1).hover()
    screenshot("line-page-german")
    workspace.set_viewport_size(NARROW)
    expect(workspace.locator("queue-pill")).to_be_in_viewport()
    assert workspace.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0
    rows.first.get_by_role("button", name="Bearbeiten").click()
    expect(workspace.get_by_role("dialog", name="Wartendes bearbeiten")).to_be_in_viewport()
    screenshot("line-edit-german")


def drag(page: Page, row: Locator, to: Locator) -> None:
    """Take a row by its handle and hold it over another."""
    row.hover()
    row.locator("[data-grip]").hover()
    page.mouse.down()
    place = to.bounding_box()
    assert place is not None
    page.mouse.move(place["x"] + 20, place["y"] + place["height"] - 4, steps=8)


def test_clearing_while_jobs_wait_asks_for_nothing_that_is_gone(workspace: Page) -> None:
    refused: list[str] = []
    workspace.on("response", lambda answer: refused.extend([answer.url][: answer.status == 404]))
    generate(workspace, count=3)
    workspace.get_by_role("button", name="Clear session").click()
    expect(workspace.get_by_role("article")).to_have_count(0)
    expect(workspace.locator("#invitation")).to_be_visible()
    workspace.wait_for_timeout(600)
    assert refused == []


def test_what_clearing_canceled_is_tried_again_with_one_click(workspace: Page, hand: Hand) -> None:
    cards = generate(workspace, count=3)
    workspace.get_by_role("button", name="Clear session").click()
    expect(cards).to_have_count(0)
    workspace.get_by_role("button", name="Undo").click()
    expect(cards).to_have_count(3)
    again = workspace.get_by_role("button", name="Try all again")
    again.click()
    # What failed has made room for what comes in its place.
    expect(workspace.locator('.card[data-job-status="queued"]')).to_have_count(3)
    expect(cards).to_have_count(3)
    expect(workspace.locator(".batch")).to_have_count(1)
    hand.fail(hand.take(), "engine_error")
    expect(again).to_be_hidden()
    hand.fail(hand.take(), "engine_error")
    # A second one of the new row failed: it offers the same.
    expect(again).to_be_visible()
