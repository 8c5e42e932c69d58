"""What axe cannot see: focus that is visible and comes back, everything within reach of thumbs on
the narrowest phone, nothing that moves where people asked for calm, progress that is told politely.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.accessibility.conftest import Furnished
from tests.accessibility.walk import OWN

pytestmark = pytest.mark.heavy
NARROW = {"width": 360, "height": 740}
DESK = {"width": 1440, "height": 900}
# As WCAG 2.2 counts: a link within a sentence, and what is not shown, need not be as large.
SMALL = """() => [...document.querySelectorAll("a, button, summary, input, select, [role=button]")]
  .filter((one) => one.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
  .filter((one) => !one.closest("p, label, .visually-hidden, [inert]"))
  .filter((one) => !one.matches(".visually-hidden, .skip-link, [type=hidden], [type=radio]"))
  .map((one) => [one, one.getBoundingClientRect()])
  .filter(([, box]) => box.width && (box.width < 24 || box.height < 24))
  .map(([one, box]) => `${one.outerHTML.slice(0, 120)} ${box.width} × ${box.height}`)"""
# Whether anything about the focused element, or what stands around it, looks otherwise than without
# the focus; without its slow changes, which would be looked at half-way.
FOCUS = """() => {
  const one = document.activeElement;
  if (one === document.body) return "";
  const around = [one.nextElementSibling].filter(Boolean);
  for (let each = one; each && around.length < 9; each = each.parentElement) around.push(each);
  const looks = () => around.map((each) => {
    const style = getComputedStyle(each);
    return [style.outline, style.boxShadow, style.borderColor, style.backgroundColor].join();
  }).join("|");
  const before = looks();
  one.blur();
  const shown = looks() !== before;
  one.focus();
  return `${shown ? "shown" : "hidden"} ${one.outerHTML.slice(0, 160)}`;
}"""
AT_ONCE = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("* { transition: none !important }");
  document.adoptedStyleSheets = [sheet];
}"""
MOVING = """() => document.getAnimations()
  .filter((each) => each.playState === "running")
  .map((each) => each.effect.getComputedTiming())
  .filter(({ activeDuration }) => activeDuration > 10).length"""
TABS = 60
# Drawn by Django, whose small targets stand far enough apart (axe sees to that).
THEIRS = {"operators", "operators-cleanup"}


@pytest.fixture
def urls(furnished: Furnished) -> dict[str, str]:
    return {name: url.format(**furnished.places) for name, url in OWN.items()}


def test_the_narrowest_phone(room: Page, urls: dict[str, str]) -> None:
    room.set_viewport_size(NARROW)
    wrong = []
    for name, url in urls.items():
        room.goto(url, wait_until="load")
        if (width := room.evaluate("document.documentElement.scrollWidth")) > NARROW["width"]:
            wrong.append(f"{name} is {width} px wide")
        if name not in THEIRS:
            wrong += [f"{name}: {each}" for each in room.evaluate(SMALL)]
        if moving := room.evaluate(MOVING):
            wrong.append(f"{name}: {moving} things move")
    assert not wrong, "\n".join(wrong)


def test_focus_is_seen_wherever_it_goes(room: Page, urls: dict[str, str]) -> None:
    room.set_viewport_size(DESK)
    hidden: dict[str, str] = {}
    for name in ("workspace", "library", "viewer", "account", "models"):
        room.goto(urls[name], wait_until="load")
        room.evaluate(AT_ONCE)
        for _ in range(TABS):
            room.keyboard.press("Tab")
            found = room.evaluate(FOCUS)
            if found.startswith("hidden"):
                hidden.setdefault(found, name)
    assert not hidden, "\n".join(f"{name}: {each}" for each, name in hidden.items())


def test_focus_comes_back(room: Page, urls: dict[str, str]) -> None:
    room.set_viewport_size(DESK)
    room.goto(urls["workspace"], wait_until="load")
    for opener in (
        room.get_by_role("button", name="Keys", exact=True).first,
        room.locator("[popovertarget=account-menu]"),
        room.locator("[popovertarget=seeds]"),
        room.locator(".card a[data-act=open]").first,
    ):
        opener.focus()
        opener.press("Enter")
        expect(room.locator("dialog[open], [popover]:popover-open")).to_have_count(1)
        room.keyboard.press("Escape")
        expect(room.locator("dialog[open], [popover]:popover-open")).to_have_count(0)
        # The viewer gives it to the card, from which the arrow keys go on.
        back = "one => [one, one.closest('.card')].includes(document.activeElement)"
        assert opener.evaluate(back), opener


def test_the_list_of_keys_can_be_searched_and_read(room: Page, urls: dict[str, str]) -> None:
    for name in ("workspace", "library", "account"):
        room.goto(urls[name], wait_until="load")
        room.keyboard.press("?")
        dialog = room.get_by_role("dialog", name="Keys")
        search = dialog.get_by_role("searchbox", name="Search the keys")
        expect(search).to_be_focused()
        expect(search).to_have_value("")
        search.fill("esc")
        expect(dialog.locator(".keys > div:visible")).not_to_have_count(0)
        search.fill("nothing that is there")
        expect(dialog.get_by_text("No key does that.")).to_be_visible()
        room.keyboard.press("Escape")
        room.keyboard.press("Escape")
        expect(dialog).to_be_hidden()


def test_progress_is_told_politely(room: Page, urls: dict[str, str]) -> None:
    room.goto(urls["workspace"], wait_until="load")
    pill = room.locator("queue-pill")
    expect(pill.get_by_role("status")).to_have_text("1 running")
    expect(pill).to_contain_text("2 waiting")
    ring = room.get_by_role("progressbar").first
    expect(ring).to_have_attribute("aria-valuemax", "100")
    # A ring that spoke at every step would never be silent.
    assert not ring.evaluate("one => Boolean(one.closest('[aria-live=assertive], [role=alert]'))")
