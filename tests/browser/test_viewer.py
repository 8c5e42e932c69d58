"""The workspace's viewer in a real browser: large, close, side by side, with all that is known."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.hand import Hand
from tests.browser.test_workspace import PHONE, PROMPT, generate, status


def made(page: Page, hand: Hand, count: int) -> None:
    cards = generate(page, count=count)
    for _ in range(count):
        hand.deliver(hand.take())
    status(cards.nth(count - 1), "generated")


def scale(page: Page) -> float:
    found = page.locator("dialog zoom-pan img").first
    return float(found.evaluate("img => new DOMMatrix(getComputedStyle(img).transform).a"))


def test_looking_closely_and_walking_on(
    workspace: Page, hand: Hand, complaints: list[str], screenshot: Callable[[str], None]
) -> None:
    workspace.set_viewport_size({"width": 1440, "height": 900})
    made(workspace, hand, 2)
    draft = workspace.get_by_label("Prompt", exact=True)
    draft.fill("something else")
    workspace.locator(".card a[data-act=open]").first.click()
    dialog = workspace.get_by_role("dialog", name="The picture, large")
    expect(dialog.get_by_text("1 / 2")).to_be_visible()
    expect(dialog.get_by_text(PROMPT)).to_be_visible()
    expect(dialog.get_by_text("Unsaved until")).to_be_visible()
    screenshot("viewer-details")
    workspace.keyboard.press("+")
    assert scale(workspace) == 1.5
    workspace.keyboard.press("0")
    dialog.locator("zoom-pan").dblclick()
    assert scale(workspace) == 2.5
    workspace.keyboard.press("ArrowRight")
    expect(dialog.get_by_text("2 / 2")).to_be_visible()
    assert scale(workspace) == 1
    dialog.get_by_role("button", name="Save", exact=True).click()
    expect(dialog.get_by_role("link", name="In the library")).to_be_visible()
    workspace.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(workspace.get_by_role("article").nth(1)).to_be_focused()
    expect(draft).to_have_value("something else")
    assert complaints == []


def test_settings_are_taken_only_when_asked(workspace: Page, hand: Hand) -> None:
    made(workspace, hand, 1)
    draft = workspace.get_by_label("Prompt", exact=True)
    draft.fill("something else")
    workspace.locator(".card a[data-act=open]").first.click()
    dialog = workspace.get_by_role("dialog", name="The picture, large")
    dialog.locator(".details").wait_for(state="attached")
    if not dialog.get_by_role("button", name="The words").is_visible():
        dialog.get_by_role("button", name="Details").click()
    dialog.get_by_role("button", name="The words").click()
    expect(draft).to_have_value(PROMPT)
    expect(draft).to_be_focused()


def test_two_over_each_other_and_many_side_by_side(
    workspace: Page, hand: Hand, complaints: list[str], screenshot: Callable[[str], None]
) -> None:
    made(workspace, hand, 3)
    cards = workspace.get_by_role("article")
    cards.nth(0).focus()
    workspace.keyboard.press("Space")
    cards.nth(1).focus()
    workspace.keyboard.press("Space")
    workspace.keyboard.press("c")
    dialog = workspace.get_by_role("dialog", name="The picture, large")
    handle = dialog.get_by_role("slider", name="How much of the second is seen")
    expect(handle).to_be_focused()
    handle.fill("25")
    at = dialog.locator("compare-slider").evaluate("one => one.style.getPropertyValue('--at')")
    assert at == "0.25"
    screenshot("viewer-compare")
    dialog.get_by_role("button", name="Side by side").click()
    expect(dialog.locator(".stage__sides zoom-pan")).to_have_count(2)
    workspace.keyboard.press("Escape")
    workspace.keyboard.press("Control+a")
    workspace.get_by_role("button", name="Compare").click()
    expect(dialog.locator("zoom-pan")).to_have_count(3)
    dialog.locator("zoom-pan").first.dblclick()
    near = dialog.locator("zoom-pan[data-near]")
    expect(near).to_have_count(3)
    screenshot("viewer-side-by-side")
    assert complaints == []


def test_the_viewer_on_a_phone(
    workspace: Page, hand: Hand, screenshot: Callable[[str], None]
) -> None:
    workspace.set_viewport_size(PHONE)
    made(workspace, hand, 1)
    workspace.locator(".card a[data-act=open]").first.click()
    dialog = workspace.get_by_role("dialog", name="The picture, large")
    dialog.locator(".details").wait_for(state="attached")
    screenshot("viewer-phone")
    if dialog.locator(".details").is_hidden():
        dialog.get_by_role("button", name="Details").click()
    expect(dialog.get_by_role("button", name="Use all settings")).to_be_visible()
    screenshot("viewer-phone-details")
    assert workspace.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_the_bin_gives_back(
    workspace: Page, hand: Hand, complaints: list[str], screenshot: Callable[[str], None]
) -> None:
    made(workspace, hand, 2)
    workspace.get_by_role("button", name="Clear session").click()
    workspace.locator(".session__name").click()
    workspace.get_by_role("link", name="Bin", exact=True).click()
    expect(workspace.locator(".bin__one")).to_have_count(2)
    screenshot("workspace-bin")
    workspace.get_by_role("button", name="Delete for good").first.click()
    expect(workspace.locator(".bin__one")).to_have_count(1)
    workspace.get_by_role("button", name="Bring all back").click()
    expect(workspace.get_by_text("The bin is empty")).to_be_visible()
    workspace.get_by_role("link", name="To the workspace", exact=True).click()
    expect(workspace.get_by_role("article")).to_have_count(1)
    assert complaints == []


def test_a_deleted_session_comes_back_by_undo(workspace: Page, hand: Hand) -> None:
    made(workspace, hand, 1)
    address = workspace.url
    workspace.locator(".session__name").click()
    workspace.get_by_role("button", name="Delete this session").click()
    expect(workspace.get_by_text("Session deleted.")).to_be_visible()
    expect(workspace.get_by_role("article")).to_have_count(0)
    workspace.get_by_role("button", name="Undo").click()
    expect(workspace.get_by_role("article")).to_have_count(1)
    assert workspace.url != address


def test_a_session_deleted_elsewhere_keeps_the_draft(workspace: Page, hand: Hand) -> None:
    workspace.get_by_label("Prompt", exact=True).fill("an unfinished thought")
    other = workspace.context.new_page()
    other.goto("/workspace/", wait_until="domcontentloaded")
    other.locator(".session__name").click()
    other.get_by_role("button", name="Delete this session").click()
    expect(other.get_by_text("Session deleted.")).to_be_visible()
    prompt = workspace.get_by_label("Prompt", exact=True)
    workspace.locator("live-feed[data-state=live]").wait_for(state="attached")
    expect(prompt).to_have_value("an unfinished thought")
