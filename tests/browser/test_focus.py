"""Working by keyboard alone in a real browser: where the focus goes when what has it is deleted,
and what the key for undo means while the answer to an act is still on its way."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, Route, expect

from tests.browser.hand import Hand
from tests.browser.test_journeys import made
from tests.browser.test_library import PROMPTS, library, pictures, tile
from tests.browser.test_workspace import rows_of

__all__ = ["library", "pictures"]

CARDS = "castle %d"


def cards_of(page: Page, user: Any, count: int) -> list[Any]:
    """Fill the session; return the cards, the oldest (the last on the page) first."""
    rows_of(user, count)
    page.reload(wait_until="load")
    page.locator("live-feed[data-state=live]").wait_for(state="attached")
    expect(page.locator(".batch[data-hollow]")).to_have_count(0)
    return [page.get_by_role("article", name=CARDS % number) for number in range(count)]


def test_the_focus_goes_on_to_the_next_card(workspace: Page, user: Any) -> None:
    keys = workspace.keyboard
    cards = cards_of(workspace, user, 5)
    cards[3].press("Delete")
    expect(cards[2]).to_be_focused()
    cards[2].get_by_role("button", name="Delete").press("Enter")
    expect(cards[1]).to_be_focused()
    expect(workspace.get_by_role("status").get_by_text("Deleted.")).to_be_visible()
    keys.press("Control+z")
    expect(cards[2]).to_have_count(1)
    expect(cards[1]).to_be_focused()
    keys.press("Space")
    cards[0].press("Space")
    expect(workspace.get_by_text("2 selected")).to_be_visible()
    workspace.get_by_role("button", name="Delete all").press("Enter")
    expect(cards[2]).to_be_focused()


def test_where_no_card_is_left_the_prompt_has_the_focus(workspace: Page, user: Any) -> None:
    prompt = workspace.get_by_label("Prompt", exact=True)
    [card] = cards_of(workspace, user, 1)
    workspace.get_by_role("button", name="Clear session").press("Enter")
    expect(prompt).to_be_focused()
    # Nothing was typed there yet: the key means the page.
    workspace.keyboard.press("Control+z")
    card.press("Delete")
    expect(prompt).to_be_focused()
    workspace.get_by_role("button", name="Undo").click()
    expect(card).to_be_focused()


def test_the_focus_stays_in_the_bin(workspace: Page, hand: Hand) -> None:
    cards = made(workspace, hand, 3)
    for left in (2, 1, 0):
        cards.first.press("Delete")
        expect(cards).to_have_count(left)
    workspace.goto("/workspace/bin/", wait_until="load")
    ones = workspace.locator(".bin__one")
    ones.first.get_by_role("button", name="Bring back").press("Enter")
    expect(ones).to_have_count(2)
    expect(ones.first.get_by_role("button", name="Bring back")).to_be_focused()
    workspace.get_by_role("button", name="Empty").press("Enter")
    workspace.keyboard.press("ArrowDown")
    workspace.keyboard.press("Enter")
    expect(workspace.get_by_role("heading", name="The bin is empty")).to_be_visible()
    expect(workspace.get_by_role("link", name="Back to the workspace")).to_be_focused()


def test_undo_waits_for_the_act_that_it_undoes(workspace: Page, user: Any) -> None:
    first, second = cards_of(workspace, user, 2)
    first.press("Delete")
    expect(workspace.get_by_role("button", name="Undo")).to_be_visible()
    held: list[Route] = []
    workspace.route("**/delete", lambda route: held.append(route))
    with workspace.expect_request("**/delete"):
        second.press("Delete")
    workspace.keyboard.press("Control+z")
    with workspace.expect_response("**/restore"):
        held[0].continue_()
    expect(second).to_be_visible()
    expect(first).to_have_count(0)


def test_an_act_without_a_way_back_leaves_the_one_before(workspace: Page, user: Any) -> None:
    first, second = cards_of(workspace, user, 2)
    first.press("Delete")
    expect(workspace.get_by_role("button", name="Undo")).to_be_visible()
    workspace.route("**/delete", lambda route: route.fulfill(status=500))
    with workspace.expect_response("**/delete"):
        second.press("Delete")
        workspace.keyboard.press("Control+z")
    expect(second).to_be_visible()
    expect(first).to_have_count(0)


def test_undo_waits_in_the_library_too(library: Page) -> None:
    first, second = (tile(library, prompt) for prompt in PROMPTS[:2])
    held: list[Route] = []
    library.route("**/library/delete", lambda route: held.append(route))
    with library.expect_request("**/library/delete"):
        first.locator(".tile__open").press("Delete")
    library.keyboard.press("Control+z")
    with library.expect_response(lambda answer: "restore" in answer.url):
        held[0].continue_()
    expect(first).to_be_visible()
    expect(second).to_be_visible()


def test_the_focus_stays_among_the_references(library: Page, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("a.png", "b.png", "c.png")]
    for number, file in enumerate(files):
        Image.new("RGB", (120, 80), (number, 0, 0)).save(file)
    library.goto("/library/references", wait_until="load")
    library.get_by_label("Upload").set_input_files(files)
    tiles = library.locator("#references .tile")
    expect(tiles).to_have_count(3)
    for left in (2, 1):
        tiles.first.get_by_role("button", name="Delete").press("Enter")
        expect(tiles).to_have_count(left)
        expect(tiles.first.locator(".tile__open")).to_be_focused()
    tiles.first.get_by_role("button", name="Delete").press("Enter")
    expect(library.get_by_text("No references yet")).to_be_visible()
    expect(library.get_by_label("Upload")).to_be_focused()


def test_the_focus_goes_on_to_the_next_tile(library: Page) -> None:
    newest, second, third, oldest = (tile(library, prompt) for prompt in reversed(PROMPTS))
    link = ".tile__open"
    second.locator(link).press("Delete")
    expect(third.locator(link)).to_be_focused()
    library.keyboard.press("Control+z")
    expect(second).to_have_count(1)
    expect(third.locator(link)).to_be_focused()
    oldest.locator(link).press("Delete")
    expect(third.locator(link)).to_be_focused()
    third.locator(link).press(" ")
    library.get_by_role("button", name="Delete", exact=True).press("Enter")
    expect(second.locator(link)).to_be_focused()
    library.keyboard.press("Control+a")
    library.keyboard.press("Delete")
    expect(newest).to_have_count(0)
    expect(library.get_by_label("Search", exact=True)).to_be_focused()


def test_tab_passes_one_card_and_arrows_walk(workspace: Page, user: Any) -> None:
    keys = workspace.keyboard
    cards = cards_of(workspace, user, 3)
    keys.press("ArrowRight")
    expect(cards[2]).to_be_focused()
    keys.press("ArrowRight")
    expect(cards[1]).to_be_focused()
    keys.press("Tab")
    expect(cards[1].get_by_role("button", name="Delete")).to_be_focused()
    last = workspace.locator(".batch", has=cards[1]).get_by_role("button", name="Use the seed")
    last.focus()
    keys.press("Tab")
    prompt = workspace.get_by_label("Prompt", exact=True)
    expect(prompt).to_be_focused()
    keys.press("Escape")
    expect(cards[1]).to_be_focused()


def test_arrows_walk_through_a_menu(workspace: Page) -> None:
    keys = workspace.keyboard
    opener = workspace.locator(".header__account")
    opener.press("Enter")
    steps = {"ArrowDown": "Account", "End": "Sign out", "Home": "Account", "ArrowUp": "Sign out"}
    for key, name in steps.items():
        keys.press(key)
        expect(workspace.locator("#account-menu .menu__item", has_text=name)).to_be_focused()
    keys.press("Escape")
    expect(opener).to_be_focused()


def test_comparing_gives_the_focus_back(workspace: Page, user: Any) -> None:
    keys = workspace.keyboard
    cards = cards_of(workspace, user, 3)
    cards[2].press("Enter")
    expect(workspace.locator(".stage__picture")).to_be_focused()
    keys.press("Escape")
    expect(cards[2]).to_be_focused()
    cards[1].press("Space")
    cards[0].press("Space")
    keys.press("c")
    expect(workspace.locator("compare-slider input")).to_be_focused()
    keys.press("Escape")
    expect(cards[0]).to_be_focused()


def test_a_filter_is_chosen_by_arrows(library: Page) -> None:
    keys = library.keyboard
    opener = library.locator('[popovertarget="filter-kind"]')
    opener.press("Enter")
    for _ in range(3):
        keys.press("ArrowDown")
    expect(opener).to_have_text("Videos")
    expect(library.locator("#filter-kind")).to_be_visible()
    keys.press("Enter")
    expect(library.locator("#filter-kind")).to_be_hidden()
    expect(opener).to_be_focused()
    expect(library).to_have_url(re.compile("kind=video"))


def test_a_picture_is_moved_by_keys(library: Page) -> None:
    keys = library.keyboard
    newest = tile(library, PROMPTS[-1]).locator(".tile__open")
    newest.press("m")
    expect(library.get_by_role("button", name="No project")).to_be_focused()
    keys.press("ArrowDown")
    keys.type("Tales")
    keys.press("ArrowDown")
    expect(library.get_by_role("button", name="Create", exact=True)).to_be_focused()
    keys.press("Enter")
    expect(library.get_by_text("Moved to “Tales”.")).to_be_visible()
    expect(newest).to_be_focused()
    library.get_by_label("Search", exact=True).press("Escape")
    expect(newest).to_be_focused()


def test_the_viewer_is_worked_by_keys(library: Page) -> None:
    keys = library.keyboard
    tile(library, PROMPTS[-1]).locator(".tile__open").press("Enter")
    expect(library.locator(".viewer__picture img")).to_be_visible()
    keys.press("m")
    expect(library.get_by_role("button", name="No project")).to_be_focused()
    keys.press("Escape")
    field = library.get_by_label("Add a tag")
    keys.press("t")
    expect(field).to_be_focused()
    keys.press("Escape")
    expect(field).not_to_be_focused()
    keys.press("Escape")
    expect(tile(library, PROMPTS[-1]).locator(".tile__open")).to_be_focused()


def test_a_field_behind_its_button_does_not_come_out_with_the_focus(library: Page) -> None:
    library.goto("/library/references", wait_until="load")
    label = library.locator("label", has=library.get_by_label("Upload"))
    before = label.bounding_box()
    library.get_by_label("Upload").focus()
    assert label.bounding_box() == before


def test_a_menu_stays_where_it_is_when_its_page_is_brought_up_to_date(workspace: Page) -> None:
    workspace.locator(".session__name").press("Enter")
    menu = workspace.locator("#sessions")
    name = menu.get_by_label("Name of the session")
    placed = re.compile("left: [1-9].*top: [1-9]")
    expect(menu).to_have_attribute("style", placed)
    name.fill("Castles")
    name.press("Enter")
    expect(workspace.locator(".session__name")).to_have_text("Castles")
    expect(name).to_be_focused()
    expect(menu).to_have_attribute("style", placed)
