"""The library as a person uses it, in a real browser: look, search, open, walk, keep in order,
throw away, take back. Pictures of the pages are left in var/test-output/screens.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from library.models import Media
from ourvidz import rows
from tests.library.factories import media_of, picture_of

PHONE: ViewportSize = {"width": 390, "height": 844}
PATIENCE = 45_000  # milliseconds; a busy machine is slow, not wrong
Screenshot = Callable[[str], None]
PROMPTS = ("a castle in the snow", "a fox at night", "a red balloon", "a robot in the city")


@pytest.fixture
def pictures(live_site: Any, user: Any) -> list[Media]:
    return [picture_of(user, prompt, seed=1200 + n) for n, prompt in enumerate(PROMPTS)]


@pytest.fixture
def library(
    page: Page,
    live_site: Any,
    user: Any,
    pictures: list[Media],
    client_of: Any,
    complaints: list[str],
) -> Iterator[Page]:
    """The library of somebody who has four pictures; nothing on it may complain."""
    session = client_of(user).cookies["sessionid"].value
    expect.set_options(timeout=PATIENCE)
    page.context.set_default_timeout(PATIENCE)
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_site.url}])
    page.goto("/library/", wait_until="domcontentloaded")
    ready(page)
    yield page
    # A browser that is short of time gives up fading from one page to the next, and says so.
    assert [text for text in complaints if "Transition was" not in text] == []


def tile(page: Page, prompt: str) -> Any:
    return page.get_by_role("article", name=prompt, exact=True)


def ready(page: Page) -> None:
    """Wait until the page's scripts are at work."""
    page.locator("live-feed[data-state=live]").wait_for(state="attached")


def open_viewer(page: Page, prompt: str) -> None:
    tile(page, prompt).get_by_role("link").click()
    page.locator("media-viewer").wait_for()
    ready(page)


def kept(media: Media) -> Media:
    with rows.as_service("test"):
        return Media.objects.select_related("project").get(pk=media.pk)


def test_find_and_open_a_picture(library: Page, screenshot: Screenshot) -> None:
    expect(library.get_by_role("article")).to_have_count(4)
    expect(library.get_by_role("img", name="a fox at night")).to_be_visible()
    screenshot("library")
    library.get_by_label("Search", exact=True).fill("fox seed:1201")
    expect(library.get_by_role("article")).to_have_count(1)
    assert "q=fox" in library.url
    open_viewer(library, "a fox at night")
    expect(library.get_by_text("1201")).to_be_visible()
    expect(library.get_by_text("64 × 64")).to_be_visible()
    screenshot("viewer")
    library.keyboard.press("Escape")
    expect(library.get_by_label("Search", exact=True)).to_have_value("fox seed:1201")


def test_walk_with_the_arrows_and_come_back_to_the_same_place(library: Page, user: Any) -> None:
    for number in range(70):
        media_of(user, f"thing {number}")
    library.set_viewport_size({"width": 700, "height": 500})
    library.reload(wait_until="domcontentloaded")
    ready(library)
    library.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(library.get_by_role("article")).to_have_count(74)
    library.evaluate("scrollTo(0, 900)")
    place = library.evaluate("scrollY")
    middle = library.evaluate(
        "[...document.querySelectorAll('.tile')].find(t => t.getBoundingClientRect().top > 60).id"
    )
    library.locator(f"#{middle} .tile__open").click()
    library.locator("media-viewer").wait_for()
    ready(library)
    heading = library.locator("h1")
    first = heading.inner_text()
    library.keyboard.press("ArrowRight")
    expect(heading).not_to_have_text(first)
    library.keyboard.press("ArrowLeft")
    expect(heading).to_have_text(first)
    library.keyboard.press("Escape")
    library.wait_for_url(re.compile(r"/library/(\?.*)?$"))
    expect(library.get_by_role("article")).to_have_count(74)
    library.wait_for_function(f"Math.abs(scrollY - {place}) < 2")


def test_a_picture_is_downloaded(library: Page) -> None:
    open_viewer(library, "a fox at night")
    with library.expect_download() as download:
        library.get_by_role("link", name="Download").click()
    assert re.fullmatch(r"a-fox-at-night-\w+\.png", download.value.suggested_filename)
    assert Path(download.value.path()).read_bytes().startswith(b"\x89PNG")


def test_the_prompt_is_used_again(library: Page) -> None:
    open_viewer(library, "a red balloon")
    library.get_by_role("link", name="Use prompt again").click()
    library.wait_for_url("**/workspace/**")
    expect(library.get_by_label("Prompt", exact=True)).to_have_value("a red balloon")


def test_select_move_to_a_new_project_and_star(
    library: Page, pictures: list[Media], screenshot: Screenshot
) -> None:
    tile(library, PROMPTS[0]).hover()
    tile(library, PROMPTS[0]).get_by_role("checkbox").click()
    tile(library, PROMPTS[2]).get_by_role("link").click()  # while selecting, a click selects
    bar = library.get_by_role("toolbar", name="Selection")
    expect(bar).to_contain_text("2 selected")
    screenshot("library-selection")
    bar.get_by_role("button", name="Move").click()
    library.get_by_label("Name of a new project").fill("Forest tales")
    library.get_by_role("button", name="Create", exact=True).click()
    expect(library.get_by_role("link", name=re.compile("Forest tales"))).to_contain_text("2")
    expect(bar).to_be_hidden()
    assert {str(kept(pictures[n]).project) for n in (0, 2)} == {"Forest tales"}
    library.get_by_role("link", name=re.compile("Forest tales")).click()
    expect(library.get_by_role("article")).to_have_count(2)
    screenshot("library-project")


def test_everything_goes_by_keyboard(library: Page, pictures: list[Media]) -> None:
    library.locator(".tile__open").first.focus()
    library.keyboard.press("ArrowRight")
    library.keyboard.press(" ")
    library.keyboard.press("Shift+ArrowRight")
    expect(library.get_by_role("toolbar", name="Selection")).to_contain_text("2 selected")
    library.keyboard.press("s")
    expect(library.locator(".tile[data-starred]")).to_have_count(2)
    library.locator(".tile__open").nth(1).focus()
    library.keyboard.press("Delete")
    expect(library.get_by_role("article")).to_have_count(3)
    library.get_by_role("button", name="Undo").click()
    expect(library.get_by_role("article")).to_have_count(4)
    library.keyboard.press("/")
    expect(library.get_by_label("Search", exact=True)).to_be_focused()


def test_delete_in_the_viewer_and_restore_from_the_bin(
    library: Page, pictures: list[Media]
) -> None:
    open_viewer(library, PROMPTS[3])
    library.get_by_role("button", name="Delete", exact=True).click()
    expect(library.locator("h1")).to_have_text(PROMPTS[2])
    assert kept(pictures[3]).deleted_at is not None
    library.goto("/library/bin/", wait_until="domcontentloaded")
    open_viewer(library, PROMPTS[3])
    library.get_by_role("button", name="Restore").click()
    expect(library.get_by_role("button", name="Restore")).to_be_hidden()
    library.goto("/library/", wait_until="domcontentloaded")
    ready(library)
    expect(library.get_by_role("article")).to_have_count(4)


def test_a_project_is_made_renamed_and_deleted(library: Page) -> None:
    library.get_by_role("button", name="New project").click()
    library.get_by_role("dialog").get_by_label("Name", exact=True).fill("Storybord")
    library.get_by_role("button", name="Create project").click()
    library.wait_for_url("**/projects/**", wait_until="domcontentloaded")
    ready(library)
    expect(library.get_by_text("This project is empty")).to_be_visible()
    library.get_by_role("button", name="Project", exact=True).click()
    library.get_by_role("button", name="Rename").click()
    library.get_by_role("dialog").get_by_label("Name", exact=True).fill("Storyboard")
    library.get_by_role("dialog").get_by_role("button", name="Rename").click()
    expect(library.get_by_role("link", name=re.compile("^Storyboard"))).to_be_visible()
    library.get_by_role("button", name="Project", exact=True).click()
    library.get_by_role("button", name="Delete project").click()
    dialog = library.get_by_role("dialog")
    expect(dialog).to_contain_text("stay in the library")
    dialog.get_by_role("button", name="Delete project").click()
    library.wait_for_url(re.compile(r"/library/$"))
    expect(library.get_by_role("article")).to_have_count(4)


def test_a_reference_is_uploaded_and_a_bad_one_refused(
    library: Page, pictures: list[Media], tmp_path: Path, screenshot: Screenshot
) -> None:
    from PIL import Image

    good, bad = tmp_path / "fox.png", tmp_path / "evil.png"
    Image.new("RGB", (120, 80), "#ff7a55").save(good)
    bad.write_bytes(b"<svg onload=alert(1)>")
    library.get_by_role("link", name=re.compile("References")).click()
    library.get_by_label("Upload").set_input_files([good, bad])
    expect(library.get_by_role("article", name="fox.png")).to_be_visible()
    expect(library.get_by_role("alert")).to_contain_text("evil.png")
    screenshot("references")
    library.get_by_role("article", name="fox.png").hover()
    library.get_by_role("button", name="Delete", exact=True).click()
    expect(library.get_by_text("No references yet")).to_be_visible()
    library.get_by_role("button", name="Undo").click()
    expect(library.get_by_role("article", name="fox.png")).to_be_visible()


def test_what_changes_elsewhere_appears_by_itself(library: Page, pictures: list[Media]) -> None:
    from library.services import delete_media, star_media

    expect(library.get_by_role("article")).to_have_count(4)
    library.locator("live-feed[data-state=live]").wait_for(state="attached")
    owner = pictures[0].user
    with rows.as_user(owner):
        star_media(user=owner, media_ids=[pictures[0].pk], starred=True)
    expect(library.locator(".tile[data-starred]")).to_have_count(1)
    with rows.as_user(owner):
        delete_media(user=owner, media_ids=[pictures[1].pk])
    expect(library.get_by_role("article")).to_have_count(3)


def test_a_second_person_sees_none_of_it(
    library: Page,
    live_site: Any,
    browser: Any,
    other_user: Any,
    pictures: list[Media],
    client_of: Any,
) -> None:
    context = browser.new_context(base_url=live_site.url)
    session = client_of(other_user).cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_site.url}])
    page = context.new_page()
    page.goto("/library/")
    expect(page.get_by_text("Nothing kept yet")).to_be_visible()
    for url in (f"/library/{pictures[0].pk}/", pictures[0].url, pictures[0].thumbnail_url):
        answer = page.request.get(url)
        assert answer.status == 404
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_on_a_phone(library: Page, theme: str, screenshot: Screenshot) -> None:
    library.set_viewport_size(PHONE)
    library.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    library.goto("/library/", wait_until="domcontentloaded")
    ready(library)
    assert library.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    screenshot(f"library-phone-{theme}")
    library.get_by_role("button", name="All media").click()
    expect(library.get_by_role("link", name=re.compile("Starred"))).to_be_visible()
    screenshot(f"shelves-phone-{theme}")
    library.keyboard.press("Escape")
    open_viewer(library, PROMPTS[0])
    expect(library.get_by_role("button", name="Regenerate")).to_be_visible()
    assert library.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    screenshot(f"viewer-phone-{theme}")
