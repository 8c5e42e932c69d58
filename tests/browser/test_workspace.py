"""The workspace in a real browser, on a real site: from the prompt to the library, and what people
do on the way. A worker moved by hand makes the pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page, expect

from ourvidz.rows import as_user
from tests.browser.hand import Hand
from tests.site import wait_until
from workspace.models import WorkspaceItem
from workspace.sessions import active_session

PROMPT = "a castle in the snow at sunset"
COUNT_CLICKS = """() => {
    window.clicks = 0
    addEventListener("click", (event) => { window.clicks += event.isTrusted }, true)
}"""
PHONE = {"width": 390, "height": 844}


def generate(page: Page, prompt: str = PROMPT, count: int = 1) -> Locator:
    """Write a prompt and press Generate; return the new cards."""
    page.get_by_label("Prompt", exact=True).fill(prompt)
    choose(page, "How many", f"×{count}")
    page.get_by_role("button", name="Generate", exact=True).click()
    cards = page.get_by_role("article", name=prompt)
    expect(cards).to_have_count(count)
    return cards


def choose(page: Page, menu: str, label: str) -> None:
    """Open a menu of the dock, take a choice, and close it again."""
    page.get_by_role("button", name=menu).click()
    # What is seen is the label: it is clicked once it stands still, the input lies unseen below it.
    radio = page.get_by_role("radio", name=label, exact=True)
    page.locator("label").filter(has=radio).click()
    expect(radio).to_be_checked()
    page.keyboard.press("Escape")


def rows_of(user: Any, count: int) -> None:
    """Put as many rows into the person's session, each of one picture of another shape."""
    with as_user(user):
        session = active_session(user)
        for number in range(count):
            WorkspaceItem.objects.create(
                user=user,
                session=session,
                prompt=f"castle {number}",
                content_type="image",
                model_type="starter-fast",
                status="generated",
                width=256,
                height=160 + 32 * (number % 5),
            )


def status(card: Locator, wanted: str) -> None:
    expect(card).to_have_attribute("data-status", wanted)


def box(card: Locator) -> dict[str, float]:
    found = card.bounding_box()
    assert found is not None
    return {name: round(value) for name, value in found.items()}


def test_from_a_prompt_to_the_library(
    workspace: Page, hand: Hand, complaints: list[str], screenshot: Callable[[str], None]
) -> None:
    screenshot("workspace-empty")
    card = generate(workspace).first
    status(card, "generating")
    place = box(card)
    job = hand.take()
    expect(card).to_have_attribute("data-job-status", "running")
    hand.step(job, 6)
    expect(card.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "60")
    expect(card.locator(".card__preview")).to_be_visible()
    screenshot("workspace-running")
    hand.deliver(job)
    status(card, "generated")
    expect(card.get_by_role("img", name=PROMPT)).to_be_visible()
    assert box(card) == place, "The tile moved."
    card.get_by_role("button", name="Save to library").click()
    status(card, "saved")
    expect(card.get_by_text("Saved")).to_be_visible()
    expect(workspace.get_by_text("1 saved")).to_be_visible()
    assert box(card) == place, "The tile moved."
    screenshot("workspace-saved")
    workspace.keyboard.press("Control+z")
    status(card, "generated")
    expect(workspace.get_by_text("1 saved")).to_have_count(0)
    assert box(card) == place, "The tile moved."
    assert complaints == []


def test_three_clicks_from_a_prompt_to_the_library(workspace: Page, hand: Hand) -> None:
    """Into the prompt, Generate, Save; and what was saved is in the library."""
    workspace.evaluate(COUNT_CLICKS)
    workspace.get_by_label("Prompt", exact=True).click()
    workspace.keyboard.type(PROMPT)
    workspace.get_by_role("button", name="Generate", exact=True).click()
    card = workspace.get_by_role("article", name=PROMPT).first
    while card.get_attribute("data-status") == "generating":
        hand.deliver(hand.take())
        status(card, "generated")
    card.get_by_role("button", name="Save to library").click()
    status(card, "saved")
    assert workspace.evaluate("window.clicks") == 3
    workspace.goto("/library/", wait_until="domcontentloaded")
    expect(workspace.get_by_role("article", name=PROMPT)).to_be_visible()


def test_what_ends_together_is_asked_for_together(workspace: Page, hand: Hand) -> None:
    cards = generate(workspace, count=4)
    jobs = [hand.take() for _ in range(4)]
    for card in cards.all():
        expect(card).to_have_attribute("data-job-status", "running")
    asked: list[str] = []
    workspace.on("request", lambda request: asked.append(request.url))
    hand.deliver_all(jobs)
    for card in cards.all():
        status(card, "generated")
    assert len([url for url in asked if "/card" in url]) < 4


def test_four_at_once_with_their_places_in_line(
    workspace: Page, hand: Hand, screenshot: Callable[[str], None]
) -> None:
    cards = generate(workspace, count=4)
    first = hand.take()
    hand.step(first, 3)
    hand.step(hand.take(), 1)
    expect(cards.nth(2).get_by_text("next")).to_be_visible()
    expect(workspace.locator("queue-pill")).to_contain_text("2 running")
    screenshot("workspace-four")
    hand.deliver(first)
    status(cards.nth(0), "generated")
    status(cards.nth(1), "generating")


def test_what_waits_is_canceled_at_once(workspace: Page, hand: Hand) -> None:
    card = generate(workspace).first
    card.get_by_role("button", name="Cancel").click()
    status(card, "failed")
    expect(card.get_by_text("Canceled.")).to_be_visible()


def test_what_runs_is_canceled_at_its_next_step(workspace: Page, hand: Hand) -> None:
    card = generate(workspace).first
    job = hand.take()
    expect(card).to_have_attribute("data-job-status", "running")
    card.get_by_role("button", name="Cancel").click()
    wait_until(lambda: hand.step(job, 2), 5, "the worker is asked to stop")
    hand.cancel(job)
    expect(card.get_by_role("button", name="Try again")).to_be_visible()


def test_a_failure_says_why_and_can_be_tried_again(
    workspace: Page, hand: Hand, screenshot: Callable[[str], None]
) -> None:
    card = generate(workspace).first
    job = hand.take()
    hand.fail(job, "out_of_memory")
    status(card, "failed")
    expect(card.get_by_text("ran out of memory")).to_be_visible()
    screenshot("workspace-failed")
    card.get_by_role("button", name="Try again").click()
    expect(workspace.locator('.card[data-job-status="queued"]')).to_have_count(1)
    expect(workspace.get_by_role("article", name=PROMPT)).to_have_count(1)
    assert hand.take()["seed"] == job["seed"]


def test_regenerate_takes_another_seed_and_stands_beside(workspace: Page, hand: Hand) -> None:
    card = generate(workspace).first
    job = hand.take()
    hand.deliver(job)
    status(card, "generated")
    card.get_by_role("button", name="Regenerate").click()
    expect(workspace.get_by_role("article", name=PROMPT)).to_have_count(2)
    assert hand.take()["seed"] != job["seed"]


def test_delete_and_clear_can_be_undone(workspace: Page, hand: Hand) -> None:
    cards = generate(workspace, count=2)
    hand.deliver(hand.take())
    hand.deliver(hand.take())
    status(cards.nth(1), "generated")
    cards.nth(0).get_by_role("button", name="Delete").click()
    expect(cards).to_have_count(1)
    workspace.get_by_role("button", name="Undo").click()
    expect(cards).to_have_count(2)
    workspace.get_by_role("button", name="Clear session").click()
    expect(cards).to_have_count(0)
    expect(workspace.get_by_role("heading", name="What would you like to see?")).to_be_visible()
    workspace.get_by_role("button", name="Undo").click()
    expect(cards).to_have_count(2)


def test_bad_input_is_explained_and_the_draft_is_kept(
    workspace: Page, screenshot: Callable[[str], None]
) -> None:
    prompt = workspace.get_by_label("Prompt", exact=True)
    go = workspace.get_by_role("button", name="Generate", exact=True)
    go.click()
    expect(workspace.get_by_role("alert").get_by_text("Write a prompt first.")).to_be_visible()
    expect(prompt).to_have_attribute("aria-invalid", "true")
    prompt.fill("a" * 3001)
    go.click()
    expect(workspace.get_by_text("3001 characters")).to_be_visible()
    assert len(prompt.input_value()) == 3001
    prompt.fill(PROMPT)
    workspace.get_by_role("button", name="Seed").click()
    workspace.get_by_label("Fixed seed").fill("-7")
    workspace.keyboard.press("Escape")
    go.click()
    expect(workspace.get_by_text("A seed is a whole number")).to_be_visible()
    expect(workspace.get_by_label("Fixed seed")).to_be_focused()
    screenshot("workspace-bad-seed")
    assert prompt.input_value() == PROMPT
    assert workspace.get_by_role("article").count() == 0


def test_words_that_the_model_does_not_know_are_named(
    workspace: Page, screenshot: Callable[[str], None]
) -> None:
    prompt = workspace.get_by_label("Prompt", exact=True)
    prompt.fill("a dragon in the snow")
    expect(workspace.get_by_text("Starter does not know: dragon")).to_be_visible()
    workspace.get_by_role("button", name="Words it knows").click()
    workspace.get_by_role("button", name="castle", exact=True).click()
    expect(prompt).to_have_value("a dragon in the snow castle")
    screenshot("workspace-words")
    workspace.keyboard.press("Escape")
    prompt.fill("a castle in the snow at night")
    expect(workspace.get_by_text("does not know")).to_have_count(0)


def test_a_model_of_few_drawings_says_so_where_several_are_chosen(workspace: Page) -> None:
    known = workspace.get_by_text("several from the same words look alike")
    workspace.get_by_role("button", name="How many").click()
    expect(known.filter(visible=True)).to_have_count(1)
    workspace.keyboard.press("Escape")
    workspace.get_by_role("radio", name="Video").check(force=True)
    workspace.get_by_role("button", name="How many").click()
    expect(workspace.locator("#counts")).to_be_visible()
    expect(known.filter(visible=True)).to_have_count(0)


def test_an_example_fills_the_dock(workspace: Page) -> None:
    workspace.get_by_role("button", name=PROMPT).click()
    expect(workspace.get_by_label("Prompt", exact=True)).to_have_value(PROMPT)


def test_several_are_chosen_and_deleted_at_once(workspace: Page, hand: Hand) -> None:
    cards = generate(workspace, count=3)
    for _ in range(3):
        hand.deliver(hand.take())
    status(cards.nth(2), "generated")
    workspace.get_by_role("button", name="Select", exact=True).click()
    cards.nth(0).click()
    cards.nth(2).click()
    expect(workspace.get_by_text("2 selected")).to_be_visible()
    workspace.get_by_role("button", name="Delete all").click()
    expect(cards).to_have_count(1)
    workspace.get_by_role("button", name="Undo").click()
    expect(cards).to_have_count(3)


def test_a_reload_keeps_the_draft_and_the_settings(workspace: Page) -> None:
    workspace.get_by_label("Prompt", exact=True).fill("an apple on the beach")
    choose(workspace, "How many", "×3")
    workspace.reload()
    expect(workspace.get_by_label("Prompt", exact=True)).to_have_value("an apple on the beach")
    expect(workspace.get_by_role("button", name="How many")).to_contain_text("×3")


def test_another_tab_follows(workspace: Page, hand: Hand) -> None:
    workspace.set_viewport_size({"width": 1440, "height": 900})
    other = workspace.context.new_page()
    other.set_viewport_size(PHONE)
    other.goto("/workspace/", wait_until="domcontentloaded")
    other.locator("live-feed[data-state=live]").wait_for(state="attached")
    generate(workspace)
    card = other.get_by_role("article", name=PROMPT)
    expect(card).to_have_count(1)
    hand.deliver(hand.take())
    status(card, "generated")
    workspace.get_by_role("button", name="Clear session").click()
    expect(card).to_have_count(0)


def test_a_page_that_was_away_catches_up(workspace: Page, hand: Hand) -> None:
    card = generate(workspace).first
    workspace.context.set_offline(True)
    expect(workspace.get_by_text("You are offline.")).to_be_visible()
    hand.deliver(hand.take())
    workspace.context.set_offline(False)
    status(card, "generated")
    expect(workspace.get_by_text("You are offline.")).to_be_hidden()


def test_a_page_that_catches_up_keeps_its_cards_and_the_focus(workspace: Page, user: Any) -> None:
    rows_of(user, 3)
    workspace.reload(wait_until="load")
    card = workspace.locator(".card").nth(1)
    card.focus()
    workspace.keyboard.press("Space")
    card.evaluate("(card) => { window.before = card; }")
    with workspace.expect_response("**/title"):
        workspace.evaluate("document.dispatchEvent(new CustomEvent('page:refresh'))")
    assert workspace.evaluate("window.before.isConnected")
    expect(card).to_be_focused()
    expect(card).to_have_attribute("tabindex", "0")
    expect(workspace.get_by_text("1 selected")).to_be_visible()
    workspace.keyboard.press("ArrowRight")
    expect(workspace.locator(".card").nth(2)).to_be_focused()


def test_the_keyboard_is_enough(workspace: Page, hand: Hand) -> None:
    workspace.keyboard.press("/")
    prompt = workspace.get_by_label("Prompt", exact=True)
    expect(prompt).to_be_focused()
    choose(workspace, "How many", "×2")
    prompt.fill(PROMPT)
    prompt.press("Control+Enter")
    cards = workspace.get_by_role("article", name=PROMPT)
    expect(cards).to_have_count(2)
    for _ in range(2):
        hand.deliver(hand.take())
    status(cards.nth(1), "generated")
    cards.nth(0).focus()
    workspace.keyboard.press("ArrowRight")
    expect(cards.nth(1)).to_be_focused()
    workspace.keyboard.press("Enter")
    expect(workspace.get_by_role("dialog")).to_be_visible()
    workspace.keyboard.press("Escape")
    workspace.keyboard.press("s")
    status(cards.nth(1), "saved")
    workspace.keyboard.press("?")
    expect(workspace.get_by_role("heading", name="Keys")).to_be_visible()


def test_sessions_are_renamed_made_and_switched(workspace: Page) -> None:
    workspace.locator(".session__name").click()
    workspace.get_by_label("Name of the session").fill("Tuesday ideas")
    workspace.get_by_role("button", name="Rename").click()
    expect(workspace.get_by_role("heading", level=1)).to_contain_text("Tuesday ideas")
    workspace.keyboard.press("Escape")
    workspace.locator(".session__name").click()
    workspace.get_by_role("button", name="New session").click()
    expect(workspace.get_by_role("heading", level=1)).to_contain_text("New session")
    workspace.locator(".session__name").click()
    workspace.get_by_role("link", name="Tuesday ideas").click()
    expect(workspace.get_by_role("heading", level=1)).to_contain_text("Tuesday ideas")


def test_the_theme_is_there_from_the_first_byte(workspace: Page) -> None:
    workspace.locator("theme-switch button").click()
    expect(workspace.locator("html")).to_have_attribute("data-theme", "light")
    answer = workspace.request.get("/workspace/").text()
    assert 'data-theme="light"' in answer


def test_a_phone_has_everything_within_its_width(
    workspace: Page, hand: Hand, complaints: list[str], screenshot: Callable[[str], None]
) -> None:
    workspace.set_viewport_size(PHONE)
    cards = generate(workspace, count=4)
    hand.deliver(hand.take())
    hand.step(hand.take(), 5)
    status(cards.nth(0), "generated")
    screenshot("workspace-phone")
    assert workspace.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    cards.nth(0).get_by_role("button", name="Save to library").click()
    status(cards.nth(0), "saved")
    workspace.get_by_role("button", name="More settings").click()
    expect(workspace.locator("#more")).to_be_visible()
    screenshot("workspace-phone-settings")
    assert complaints == []


def test_signing_out_forgets_the_draft(workspace: Page) -> None:
    workspace.get_by_label("Prompt", exact=True).fill("a secret plan")
    workspace.get_by_role("button", name="Account").click()
    workspace.get_by_role("button", name="Sign out").click()
    workspace.wait_for_url("**/accounts/login/**")
    kept = workspace.evaluate("Object.keys(sessionStorage).filter(k => k.startsWith('ourvidz.'))")
    assert kept == []
