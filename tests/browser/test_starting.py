"""Starting from pictures, in a real browser: a card's menu, drop, paste, the picker; and what that
menu makes. A worker moved by hand makes the pictures.
"""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.hand import Hand
from tests.browser.test_workspace import PHONE, generate, status

GIVE_FILE = """([event, name, type, text]) => {
    const bytes = Uint8Array.from(atob(text), (one) => one.charCodeAt(0))
    const carried = new DataTransfer()
    carried.items.add(new File([bytes], name, {type}))
    const init = {bubbles: true, cancelable: true}
    const given = event === "paste"
        ? new ClipboardEvent("paste", {...init, clipboardData: carried})
        : new DragEvent(event, {...init, dataTransfer: carried})
    document.body.dispatchEvent(given)
}"""


def give_file(page: Page, event: str, name: str, kind: str, data: bytes) -> None:
    """Drag a file over the page ("dragover"), out of it, drop or paste it."""
    page.evaluate(GIVE_FILE, [event, name, kind, base64.b64encode(data).decode()])


def png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (96, 64), "seagreen").save(file, "PNG")
    return file.getvalue()


def made(page: Page, hand: Hand) -> None:
    """Have one finished picture in the session."""
    card = generate(page).first
    hand.deliver(hand.take())
    status(card, "generated")


def test_a_card_is_started_from(workspace: Page, hand: Hand, complaints: list[str]) -> None:
    made(workspace, hand)
    workspace.get_by_role("article").first.hover()
    workspace.get_by_role("button", name="Make more of it").click()
    workspace.get_by_role("button", name="Start from it").click()
    chip = workspace.locator(".given")
    expect(chip).to_have_count(1)
    chip.get_by_role("slider").fill("0.3")
    expect(chip.locator("output")).to_have_text("30 %")
    generate(workspace, "a castle by night")
    job = hand.take()
    assert [(one["role"], one["strength"]) for one in job["references"]] == [("image", 0.3)]
    assert hand.http.get(job["references"][0]["url"]).content.startswith(b"\x89PNG")
    workspace.reload()
    expect(workspace.locator(".given")).to_have_count(1)
    workspace.get_by_role("button", name="Remove this picture").click()
    expect(workspace.locator(".given")).to_have_count(0)
    assert complaints == []


def test_the_dock_says_that_it_takes_a_file(workspace: Page) -> None:
    dock = workspace.locator(".dock")
    for end in ("dragleave", "drop"):
        give_file(workspace, "dragover", "sea.png", "image/png", png())
        expect(dock).to_have_attribute("data-over", "")
        give_file(workspace, end, "sea.png", "image/png", png())
        expect(dock).not_to_have_attribute("data-over", "")


@pytest.mark.parametrize("event", ["drop", "paste"])
def test_a_file_is_given(workspace: Page, hand: Hand, event: str) -> None:
    for width in (390, 1440):
        workspace.set_viewport_size({"width": width, "height": 844})
        give_file(workspace, event, "sea.png", "image/png", png())
        expect(workspace.locator(".given")).to_have_count(1)
        expect(workspace.get_by_role("img", name="sea.png")).to_be_visible()
        workspace.get_by_role("button", name="Remove this picture").click()
        expect(workspace.locator(".given")).to_have_count(0)


def test_what_is_no_picture_is_said_and_the_draft_stays(workspace: Page, hand: Hand) -> None:
    prompt = workspace.get_by_label("Prompt", exact=True)
    prompt.fill("a boat")
    give_file(workspace, "drop", "notes.png", "image/png", b"only words")
    expect(workspace.locator("#dock-errors")).to_contain_text("picture")
    expect(workspace.locator(".given")).to_have_count(0)
    expect(prompt).to_have_value("a boat")


def test_variations_of_a_card_stand_above_it(workspace: Page, hand: Hand) -> None:
    made(workspace, hand)
    card = workspace.get_by_role("article").first
    card.focus()
    workspace.keyboard.press("m")
    workspace.get_by_role("button", name="Vary a little").click()
    expect(workspace.get_by_role("article")).to_have_count(5)
    assert hand.take()["parameters"]["variation_strength"] == 0.15


def test_the_picker_on_a_phone(workspace: Page, hand: Hand) -> None:
    made(workspace, hand)
    workspace.set_viewport_size(PHONE)
    workspace.get_by_role("button", name="Start from a picture").click()
    workspace.get_by_role("button", name="Start from:").first.click()
    expect(workspace.locator(".given")).to_have_count(1)
    width = workspace.evaluate("() => document.documentElement.scrollWidth")
    assert width <= PHONE["width"]
