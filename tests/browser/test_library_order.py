"""Keeping the library in order in a real browser: saved searches, tags, nested projects and what is
dropped on them, the bin's end; and the viewer's ways on. Pictures of the pages are left in
var/test-output/screens.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, expect

from library.models import Media, SavedSearch
from library.services import create_project
from library.tags import tag_media, tags_of
from ourvidz import rows
from tests.browser.test_library import (
    PHONE,
    PROMPTS,
    Screenshot,
    kept,
    library,
    open_viewer,
    pictures,
    ready,
    tile,
)
from tests.library.factories import media_of

__all__ = ["library", "pictures"]


def assert_in_one_line(library: Page) -> None:
    """On a phone, saving a search leaves the sort beside the filters."""
    before = library.viewport_size
    assert before
    library.set_viewport_size({"width": 390, "height": 844})
    tops = [
        library.locator(which).bounding_box()
        for which in (".toolbar__filters [data-more]", "[data-saves]", ".toolbar__end .filter")
    ]
    assert len({round(box["y"] / 8) for box in tops if box}) == 1, tops
    library.set_viewport_size(before)


def test_a_search_is_saved_found_again_and_forgotten(
    library: Page, user: Any, screenshot: Screenshot
) -> None:
    expect(library.get_by_role("button", name="Save search")).to_be_hidden()
    library.get_by_label("Search", exact=True).fill("fox")
    expect(library.get_by_role("article")).to_have_count(1)
    library.get_by_role("button", name="More", exact=True).click()
    library.get_by_label("Small").check()
    library.keyboard.press("Escape")
    expect(library).to_have_url(re.compile("size=small"))
    assert_in_one_line(library)
    library.get_by_role("button", name="Save search").click()
    library.get_by_role("dialog").get_by_label("Name").fill("Small foxes")
    library.keyboard.press("Enter")
    shelf = library.get_by_role("link", name="Small foxes")
    expect(shelf).to_be_visible()
    screenshot("library-saved-search")
    library.goto("/library/", wait_until="domcontentloaded")
    ready(library)
    shelf.click()
    expect(library.get_by_role("article")).to_have_count(1)
    expect(library.get_by_label("Search", exact=True)).to_have_value("fox")
    ready(library)
    shelf.hover()
    library.get_by_role("button", name="Delete the search “Small foxes”").click()
    expect(shelf).to_have_count(0)
    expect(library.get_by_role("link", name="All media")).to_be_focused()
    library.get_by_role("button", name="Undo").click()
    expect(shelf).to_be_visible()
    with rows.as_user(user):
        saved = SavedSearch.objects.for_user(user).get()
    assert saved.query == {"q": "fox", "size": "small"}


def test_several_are_tagged_and_found_by_it(
    library: Page, pictures: list[Media], user: Any, screenshot: Screenshot
) -> None:
    library.locator(".tile__open").first.focus()
    library.keyboard.press(" ")
    library.keyboard.press("Shift+ArrowRight")
    library.keyboard.press("t")
    library.get_by_label("Tags", exact=True).fill("best, print")
    screenshot("library-tagging")
    library.keyboard.press("Enter")
    library.get_by_role("link", name=re.compile("^best")).click()
    expect(library.get_by_role("article")).to_have_count(2)
    expect(library.get_by_label("Search", exact=True)).to_have_value("tag:best")
    ready(library)
    open_viewer(library, PROMPTS[3])
    library.keyboard.press("t")
    library.keyboard.type("robots")
    library.keyboard.press("Enter")
    expect(library.get_by_role("link", name="robots", exact=True)).to_be_visible()
    expect(library.get_by_label("Add a tag")).to_have_value("")
    screenshot("viewer-tags")
    library.get_by_role("button", name="Take “best” off").click()
    expect(library.get_by_role("button", name="Take “best” off")).to_have_count(0)
    with rows.as_user(user):
        assert tags_of(user, pictures[3].pk) == ["print", "robots"]


def test_a_tile_is_dropped_on_a_project_and_the_move_undone(
    library: Page, pictures: list[Media], user: Any, screenshot: Screenshot
) -> None:
    with rows.as_user(user):
        outer = create_project(user=user, name="Tales")
        inner = create_project(user=user, name="Winter", parent_id=outer.pk)
    shelf = library.locator(f"#project-{inner.pk}")
    expect(shelf).to_be_visible()
    tile(library, PROMPTS[0]).get_by_role("link").drag_to(shelf)
    expect(shelf).to_contain_text("1")
    assert kept(pictures[0]).project_id == inner.pk
    screenshot("library-nested")
    library.get_by_role("button", name="Undo").click()
    expect(shelf).to_contain_text("0")
    assert kept(pictures[0]).project is None
    library.locator(f"#project-{outer.pk}").click()
    library.get_by_role("navigation", name="Projects in it").get_by_role("link").click()
    expect(library).to_have_url(re.compile(str(inner.pk)))


def test_a_deleted_project_takes_its_pictures_along_and_brings_them_back(
    library: Page, pictures: list[Media], user: Any, screenshot: Screenshot
) -> None:
    with rows.as_user(user):
        project = create_project(user=user, name="Tales")
    with rows.as_service("test"):
        Media.objects.filter(pk=pictures[0].pk).update(project=project)
    library.goto(f"/library/projects/{project.pk}/", wait_until="domcontentloaded")
    ready(library)
    library.get_by_role("button", name="Project", exact=True).click()
    library.get_by_role("button", name="Delete project").click()
    dialog = library.get_by_role("dialog")
    dialog.get_by_label("They go to the bin too").check()
    screenshot("library-delete-project")
    dialog.get_by_role("button", name="Delete project").click()
    library.wait_for_url(re.compile(r"/library/$"))
    expect(library.get_by_role("article")).to_have_count(3)
    library.get_by_role("button", name="Undo").click()
    expect(library.get_by_role("article")).to_have_count(4)
    assert kept(pictures[0]).project_id == project.pk


def test_the_bin_is_emptied(library: Page, pictures: list[Media], screenshot: Screenshot) -> None:
    library.keyboard.press("Control+a")
    library.keyboard.press("Delete")
    expect(library.get_by_text("Nothing kept yet")).to_be_visible()
    library.goto("/library/bin/", wait_until="domcontentloaded")
    ready(library)
    tile(library, PROMPTS[0]).hover()
    tile(library, PROMPTS[0]).get_by_role("checkbox").click()
    library.get_by_role("toolbar").get_by_role("button", name="Delete for good").click()
    expect(library.get_by_role("article")).to_have_count(3)
    screenshot("library-bin")
    library.get_by_role("button", name="Empty the bin").click()
    library.get_by_role("dialog").get_by_role("button", name="Delete for good").click()
    expect(library.get_by_text("The bin is empty")).to_be_visible()
    with rows.as_service("test"):
        assert not Media.objects.exists()


def test_a_picture_comes_in_another_format(library: Page) -> None:
    open_viewer(library, "a fox at night")
    library.get_by_role("button", name="Download in another format").click()
    with library.expect_download() as download:
        library.get_by_role("link", name="JPEG").click()
    assert download.value.suggested_filename.endswith(".jpeg")
    with Image.open(Path(download.value.path())) as picture:
        assert (picture.format, picture.size) == ("JPEG", (64, 64))


def test_the_workspace_is_given_a_picture_and_settings(library: Page, user: Any) -> None:
    open_viewer(library, "a red balloon")
    library.get_by_role("link", name="Use as reference").click()
    library.wait_for_url("**/workspace/**")
    expect(library.locator(".given")).to_have_count(1)
    library.get_by_label("Prompt", exact=True).fill("my own words")
    library.goto("/library/", wait_until="domcontentloaded")
    ready(library)
    open_viewer(library, "a red balloon")
    library.get_by_role("link", name="The seed", exact=True).click()
    library.wait_for_url("**/workspace/**")
    expect(library.get_by_label("Prompt", exact=True)).to_have_value("my own words")
    assert library.locator('[name="seed"]').input_value() == "1202"


def test_it_is_looked_at_closely(library: Page, screenshot: Screenshot) -> None:
    open_viewer(library, PROMPTS[0])
    picture = library.locator("zoom-pan img")

    def scale() -> float:
        return float(picture.evaluate("one => new DOMMatrix(getComputedStyle(one).transform).a"))

    library.keyboard.press("+")
    assert scale() == 1.5
    library.keyboard.press("0")
    assert scale() == 1
    library.set_viewport_size(PHONE)
    assert library.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    screenshot("viewer-phone-tags")


def test_order_on_a_phone(
    library: Page, pictures: list[Media], user: Any, screenshot: Screenshot
) -> None:
    with rows.as_user(user):
        outer = create_project(user=user, name="Tales")
        create_project(user=user, name="Winter", parent_id=outer.pk)
        tag_media(user=user, media_ids=[pictures[0].pk], add=["best", "print"])
    library.set_viewport_size(PHONE)
    library.goto("/library/?q=castle", wait_until="domcontentloaded")
    ready(library)
    assert library.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    screenshot("library-phone-search")
    tile(library, PROMPTS[0]).get_by_role("checkbox").click()
    expect(library.get_by_role("toolbar")).to_be_visible()
    screenshot("library-phone-selection")
    library.get_by_role("button", name="Clear the selection").click()
    library.get_by_role("button", name="All media").click()
    expect(library.get_by_role("link", name=re.compile("^best"))).to_be_visible()
    screenshot("library-phone-shelves")


def test_a_long_list_stays_small_and_in_its_place(library: Page, user: Any) -> None:
    for number in range(600):
        media_of(user, f"thing {number}")
    library.set_viewport_size({"width": 900, "height": 700})
    library.reload(wait_until="domcontentloaded")
    ready(library)
    known = "document.querySelector('media-grid').ids.length"
    for _ in range(200):
        library.mouse.wheel(0, 1500)
        library.wait_for_timeout(40)
        if library.evaluate(known) == 604:
            break
    assert library.evaluate(known) == 604
    assert library.locator(".tile").count() < 500
    height = library.evaluate("document.documentElement.scrollHeight")
    library.evaluate("scrollTo(0, 0)")
    first = library.get_by_role("article", name=PROMPTS[0], exact=True)
    expect(library.get_by_role("article", name="thing 599", exact=True)).to_be_in_viewport()
    assert abs(library.evaluate("document.documentElement.scrollHeight") - height) < 4
    library.keyboard.press("Control+a")
    expect(library.get_by_role("toolbar", name="Selection")).to_contain_text("604 selected")
    library.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    expect(first).to_have_attribute("data-selected", "")
