"""axe finds nothing in what scripts fill: the workspace's viewer with pictures and videos, two over
each other and several beside each other, the mask painter, settings that a file offers, and what is
done with a selection of the library.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from ourvidz import rows
from ourvidz.models import uuid7
from tests.accessibility.conftest import Furnished
from tests.accessibility.walk import Visit
from tests.browser.test_editing import paint, picture_with_settings
from tests.browser.test_starting import give_file
from tests.browser.test_video import film
from workspace.models import WorkspaceItem
from workspace.services import save_workspace_item_to_library

pytestmark = pytest.mark.heavy
DESK = {"width": 1440, "height": 900}
Step = Callable[[Page], None]

PAINTED = "() => performance.getEntriesByName('first-contentful-paint').length"


def test_the_workspace(room: Page, furnished: Furnished) -> None:
    with rows.as_user(furnished.person):
        batch = uuid7()
        for index in range(2):
            film(furnished.person, index, batch)
    visit = Visit(room)
    for name, element, step in (
        ("stage-picture", "dialog.stage", open_picture),
        ("stage-video", "dialog.stage", open_video),
        ("stage-slider", "dialog.stage", compare_two),
        ("stage-sides", "dialog.stage", compare_all),
        ("stage-two-videos", "dialog.stage", compare_videos),
        ("mask", "dialog.mask", paint_finished),
        ("recall", ".recall", drop_picture),
        ("selection", "item-selection", choose_two),
        ("toast", "toast-stack", save_one),
    ):
        at_start(room, "/workspace/")
        step(room)
        visit.look_within(name, element)
    assert not visit.found, visit.report()


def test_the_library(room: Page, furnished: Furnished) -> None:
    with rows.as_user(furnished.person):
        film(furnished.person, 0, uuid7())
        item = WorkspaceItem.objects.for_user(furnished.person).get(content_type="video")
        media = save_workspace_item_to_library(user=furnished.person, item_id=item.pk)
    visit = Visit(room)
    visit.look_at("viewer-video", f"/library/{media.pk}/")
    for name, element, key in (
        ("library-selection", "selection-bar", ""),
        ("library-move", "#move", "m"),
        ("library-tag", "#tag", "t"),
    ):
        at_start(room, "/library/")
        room.locator(".tile__open").first.focus()
        room.keyboard.press("Space")
        if key:
            room.keyboard.press(key)
        expect(room.locator(element)).to_be_visible()
        visit.look_within(name, element)
    at_start(room, "/library/")
    save_search(room)
    visit.look_within("library-save-search", "#save-search")
    assert not visit.found, visit.report()


def at_start(page: Page, url: str) -> None:
    page.set_viewport_size(DESK)
    page.goto(url, wait_until="load")
    # Until something is painted, Chromium drops what is typed: nobody could have seen where.
    page.wait_for_function(PAINTED)
    # And what changed since the page was drawn has come by then.
    page.locator("live-feed[data-state=live]").wait_for(state="attached")


def cards(page: Page, kind: str = "image") -> Locator:
    return page.locator(f'.card[data-kind="{kind}"]:has([data-act=open])')


def open_picture(page: Page) -> None:
    cards(page).first.locator("[data-act=open]").click()
    page.locator(".details__prompt").wait_for()


def open_video(page: Page) -> None:
    cards(page, "video").first.locator("[data-act=open]").click()
    expect(page.get_by_text("1 / 4")).to_be_visible()
    page.locator(".details__prompt").wait_for()


def choose_two(page: Page, kind: str = "image") -> None:
    for number in range(2):
        cards(page, kind).nth(number).focus()
        page.keyboard.press("Space")


def compare_two(page: Page) -> None:
    choose_two(page)
    page.keyboard.press("c")
    expect(page.locator("compare-slider img")).to_have_count(2)


def compare_all(page: Page) -> None:
    page.keyboard.press("Control+a")
    page.get_by_role("button", name="Compare", exact=True).click()
    page.locator(".stage__sides img").nth(2).wait_for()


def compare_videos(page: Page) -> None:
    choose_two(page, "video")
    page.keyboard.press("c")
    expect(page.locator("compare-slider video")).to_have_count(2)
    expect(page.get_by_text("1 / 4")).to_be_visible()


def paint_finished(page: Page) -> None:
    paint(page, cards(page).first)


def drop_picture(page: Page) -> None:
    give_file(page, "drop", "fox.png", "image/png", picture_with_settings())
    expect(page.get_by_role("group", name="Made here")).to_be_visible()


def save_one(page: Page) -> None:
    page.locator('.card[data-status="generated"]').first.focus()
    page.keyboard.press("s")
    expect(page.get_by_role("button", name="Undo")).to_be_visible()


def save_search(page: Page) -> None:
    page.get_by_label("Search", exact=True).fill("fox")
    page.get_by_role("button", name="Save search").click()
    expect(page.locator("#save-search")).to_be_visible()
