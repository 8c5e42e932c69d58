"""What a page says of things that happen elsewhere, and of where a row comes from, in a real
browser."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from accounts.models import User
from jobs.models import Job
from library.models import Media
from library.services import create_project
from ourvidz.rows import as_service, as_user
from tests.browser.hand import Hand
from tests.browser.live import assert_page_equals_fresh
from tests.browser.test_starting import made
from tests.browser.test_workspace import PHONE, generate, status
from workspace.models import WorkspaceItem, WorkspaceSession


def test_another_page_says_that_something_is_ready(
    workspace: Page, hand: Hand, complaints: list[str]
) -> None:
    generate(workspace)
    job = hand.take()
    workspace.goto("/workspace/bin/")
    workspace.locator("live-feed[data-state=live]").wait_for(state="attached")
    hand.deliver(job)
    expect(workspace.get_by_text("A picture or video is ready.")).to_be_visible()
    workspace.get_by_role("link", name="Look").click()
    status(workspace.get_by_role("article").first, "generated")
    assert complaints == []


def test_a_hidden_tab_says_it_in_its_title(workspace: Page, hand: Hand) -> None:
    generate(workspace)
    hide = (
        "Object.defineProperty(document, 'hidden', { get: () => window.away, configurable: true })"
    )
    workspace.evaluate(f"{hide}; window.away = true")
    hand.deliver(hand.take())
    expect(workspace).to_have_title(re.compile(r"^\(1\) "))
    workspace.evaluate("window.away = false; document.dispatchEvent(new Event('visibilitychange'))")
    expect(workspace).to_have_title(re.compile(r"^Workspace"))


def test_children_lead_to_their_parent(workspace: Page, hand: Hand) -> None:
    made(workspace, hand)
    parent = workspace.get_by_role("article").first
    item = parent.get_attribute("data-item")
    parent.focus()
    workspace.keyboard.press("m")
    workspace.get_by_role("button", name="Vary a little").click()
    workspace.get_by_role("link", name="Variation").click()
    expect(workspace.locator(f'.card[data-item="{item}"]')).to_be_focused()


def test_an_enlarged_picture_says_its_size_before_it_is_made(workspace: Page, hand: Hand) -> None:
    made(workspace, hand)
    workspace.get_by_role("article").first.focus()
    workspace.keyboard.press("m")
    workspace.get_by_role("button", name="Upscale 2×").click()
    expect(workspace.locator(".batch").first.get_by_text("512 × 512")).to_be_visible()


def test_a_row_follows_a_size_that_turned_out_otherwise(workspace: Page, hand: Hand) -> None:
    card = generate(workspace).first
    job = hand.take()
    status(card, "generating")
    with as_service("test"):
        Job.objects.filter(pk=job["id"]).update(parameters={**job["parameters"], "width": 320})
    job["parameters"]["width"] = 320
    hand.deliver(job)
    status(card, "generated")
    expect(workspace.locator(".batch").get_by_text("320 × 256")).to_be_visible()
    assert_page_equals_fresh(workspace)


def test_what_is_removed_soon_says_when(workspace: Page, hand: Hand) -> None:
    made(workspace, hand)
    with as_service("test"):
        item = WorkspaceItem.objects.get()
        item.expires_at = item.created_at
        item.save(update_fields=["expires_at"])
        WorkspaceSession.objects.update(expires_at="2999-01-01T00:00Z")
    workspace.set_viewport_size(PHONE)
    workspace.reload()
    expect(workspace.locator(".card .badge")).to_contain_text("until")


def test_saved_ones_go_where_the_dock_says(workspace: Page, hand: Hand, user: User) -> None:
    with as_user(user):
        project = create_project(user=user, name="Tuesday")
    workspace.reload()
    made(workspace, hand)
    workspace.get_by_role("button", name="More settings").click()
    workspace.get_by_label("Saved ones go to").select_option("Tuesday")
    workspace.keyboard.press("Escape")
    workspace.reload()
    card = workspace.get_by_role("article").first
    card.focus()
    workspace.keyboard.press("s")
    status(card, "saved")
    with as_user(user):
        assert Media.objects.for_user(user).get().project_id == project.pk


def test_the_keys_can_be_searched(workspace: Page) -> None:
    workspace.keyboard.press("?")
    workspace.get_by_label("Search the keys").fill("frame")
    expect(workspace.locator(".keys > div:visible")).not_to_have_count(0)
    workspace.get_by_label("Search the keys").fill("nonsense")
    expect(workspace.get_by_text("No key does that.")).to_be_visible()


def test_what_is_asked_for_while_offline_is_no_error_of_the_page(workspace: Page) -> None:
    broken: list[str] = []
    workspace.on("pageerror", lambda error: broken.append(str(error)))
    workspace.context.set_offline(True)
    with workspace.expect_event("requestfailed", lambda asked: "/words" in asked.url):
        workspace.get_by_label("Prompt", exact=True).fill("a fox at night")
    workspace.get_by_role("button", name="Generate", exact=True).click()
    expect(workspace.get_by_text("The server could not be reached.")).to_be_visible()
    assert broken == []


def test_an_empty_workspace_has_nothing_to_scroll_to(workspace: Page) -> None:
    for width, height in ((1440, 900), (1280, 720)):
        workspace.set_viewport_size({"width": width, "height": height})
        expect(workspace.get_by_role("heading", name="What would you like to see?")).to_be_visible()
        workspace.wait_for_function("document.documentElement.scrollHeight === innerHeight")


def test_the_dock_lights_up_for_what_it_takes(workspace: Page, hand: Hand) -> None:
    made(workspace, hand)
    dock = workspace.locator(".dock")
    workspace.locator(".card img").first.hover()
    workspace.mouse.down()
    dock.hover()
    dock.hover()
    expect(dock).to_have_attribute("data-over", "")
    workspace.mouse.up()
    expect(dock).not_to_have_attribute("data-over", "")
    expect(workspace.locator(".given")).to_have_count(1)


def test_a_card_dropped_on_the_dock_is_given_and_not_uploaded(workspace: Page, hand: Hand) -> None:
    made(workspace, hand)
    item = workspace.get_by_role("article").first.get_attribute("data-item")
    workspace.locator(".card img").first.drag_to(workspace.locator(".dock"))
    expect(workspace.locator(f'.given[data-id="{item}"]')).to_have_count(1)
    workspace.locator(".given").press("Delete")
    expect(workspace.locator(".given")).to_have_count(0)
    expect(workspace.get_by_label("Prompt", exact=True)).to_be_focused()


def test_another_request_while_the_first_is_under_way_is_another_one(
    workspace: Page, hand: Hand
) -> None:
    prompt = workspace.get_by_label("Prompt", exact=True)
    workspace.evaluate(
        """() => {
            const prompt = document.querySelector("#prompt")
            for (const text of ["a castle", "a fox", "an owl"]) {
                prompt.value = text
                prompt.form.requestSubmit()
            }
        }"""
    )
    expect(workspace.locator(".batch")).to_have_count(3)
    expect(prompt).to_have_value("an owl")
    expect(workspace.locator("#dock-errors")).to_be_empty()
