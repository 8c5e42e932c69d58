"""Changing a picture by a painted mask, and settings that come back out of dropped files, in a real
browser."""

from __future__ import annotations

import io
import json
from collections.abc import Callable

import httpx
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import Locator, Page, expect

from tests.browser.hand import Hand
from tests.browser.test_starting import give_file, made
from tests.browser.test_workspace import PHONE


def paint(page: Page, card: Locator | None = None) -> None:
    """Open the painter for a card, the first unless given, and paint a line across its middle."""
    (card or page.get_by_role("article").first).focus()
    page.keyboard.press("m")
    page.get_by_role("button", name="Paint what to change").last.click()
    canvas = page.get_by_role("dialog", name="Paint what to change").get_by_label("Mask")
    expect(canvas).to_have_attribute("width", "256")
    box = canvas.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.2, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, middle, steps=8)
    page.mouse.up()


def picture_with_settings() -> bytes:
    """Return a picture that says how it was made."""
    settings = {
        "prompt": "a fox in the forest",
        "seed": 4711,
        "preset": "starter-fast",
        "parameters": {"width": 256, "height": 256, "steps": 17},
    }
    info = PngInfo()
    info.add_itxt("ourvidz", json.dumps(settings))
    file = io.BytesIO()
    Image.new("RGB", (64, 64), "teal").save(file, "PNG", pnginfo=info)
    return file.getvalue()


def mask_of(job: dict[str, object]) -> Image.Image:
    references: list[dict[str, str]] = job["references"]  # type: ignore[assignment]
    assert [one["role"] for one in references] == ["image", "mask"]
    return Image.open(io.BytesIO(httpx.get(references[1]["url"]).content)).convert("L")


def test_a_mask_is_painted_and_goes_with_its_picture(
    workspace: Page, hand: Hand, complaints: list[str], screenshot: Callable[[str], None]
) -> None:
    made(workspace, hand)
    paint(workspace)
    screenshot("mask-painted")
    workspace.get_by_role("button", name="Use the mask").click()
    expect(workspace.locator(".given")).to_have_count(2)
    prompt = workspace.get_by_label("Prompt", exact=True)
    expect(prompt).to_be_focused()
    prompt.fill("an owl")
    screenshot("mask-in-the-dock")
    prompt.press("Control+Enter")
    mask = mask_of(hand.take())
    assert mask.size == (256, 256)
    assert mask.getpixel((128, 128)) == 255
    assert mask.getpixel((128, 10)) == 0
    workspace.reload()
    expect(workspace.locator(".given")).to_have_count(2)
    workspace.get_by_role("button", name="Remove this picture").first.click()
    expect(workspace.locator(".given")).to_have_count(0)
    assert complaints == []


def test_the_mask_by_keys_with_undo_and_invert(workspace: Page, hand: Hand) -> None:
    made(workspace, hand)
    paint(workspace)
    workspace.keyboard.press("Control+z")
    expect(workspace.get_by_role("button", name="Use the mask")).to_be_disabled()
    workspace.keyboard.press("Space")
    workspace.keyboard.press("Shift+ArrowRight")
    workspace.keyboard.press("i")
    workspace.get_by_role("button", name="Use the mask").click()
    expect(workspace.locator(".given")).to_have_count(2)
    prompt = workspace.get_by_label("Prompt", exact=True)
    prompt.fill("an owl")
    prompt.press("Control+Enter")
    mask = mask_of(hand.take())
    assert mask.getpixel((10, 10)) == 255
    # Where the mouse left the brush.
    assert mask.getpixel((205, 128)) == 0


def test_the_painter_on_a_phone(
    workspace: Page, hand: Hand, screenshot: Callable[[str], None]
) -> None:
    workspace.set_viewport_size(PHONE)
    made(workspace, hand)
    paint(workspace)
    screenshot("mask-phone")
    assert workspace.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    workspace.get_by_role("button", name="Use the mask").click()
    expect(workspace.locator(".given")).to_have_count(2)
    screenshot("mask-phone-dock")


def test_a_dropped_file_offers_its_settings(
    workspace: Page, hand: Hand, complaints: list[str], screenshot: Callable[[str], None]
) -> None:
    prompt = workspace.get_by_label("Prompt", exact=True)
    prompt.fill("my own words")
    give_file(workspace, "drop", "fox.png", "image/png", picture_with_settings())
    offer = workspace.get_by_role("group", name="Made here")
    expect(offer).to_be_visible()
    screenshot("recall-offer")
    offer.get_by_role("button", name="The seed").click()
    expect(workspace.get_by_label("Fixed seed")).to_have_value("4711")
    expect(prompt).to_have_value("my own words")
    offer.get_by_role("button", name="Everything").click()
    expect(prompt).to_have_value("a fox in the forest")
    offer.get_by_role("button", name="No, thanks").click()
    expect(offer).to_have_count(0)
    workspace.set_viewport_size(PHONE)
    prompt.fill("other words")
    give_file(workspace, "drop", "fox.png", "image/png", picture_with_settings())
    offer.get_by_role("button", name="Everything").click()
    expect(prompt).to_have_value("a fox in the forest")
    offer.get_by_role("button", name="No, thanks").click()
    give_file(workspace, "drop", "hour.mp4", "video/mp4", bytes(3000))
    expect(workspace.locator("#dock-errors")).to_contain_text("cannot be uploaded")
    assert complaints == []
