"""axe finds nothing: on no page, in no dialog, menu or sheet, in neither theme, on a phone or a
desk. On the way a picture of every page is left in var/test-output/pages.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.urls import Resolver404, get_resolver, resolve
from playwright.sync_api import Page

from tests.accessibility.axe import violations
from tests.accessibility.conftest import Furnished

PICTURES = Path(__file__).resolve().parents[2] / "var" / "test-output" / "pages"
SOME = dict.fromkeys(("project", "media", "worker"), "00000000-0000-7000-8000-000000000000")
WIDTHS = {390: 844, 1440: 900}
THEMES = ("light", "dark")
# Everything that stands above the page when it is open; each is opened the way scripts do it.
FLOATING = "dialog, [popover]"
OPEN = """([all, number]) => {
  const one = document.querySelectorAll(all)[number];
  const text = one.outerHTML;
  // What stands in the page already is, in this look, no sheet.
  if (one.checkVisibility()) return "";
  one.dataset.looked = number;
  one.localName === "dialog" ? one.showModal() : one.showPopover();
  return one.checkVisibility() ? text : "";
}"""
# Colours that change slowly would be looked at half-way.
THEME = """async (theme) => {
  document.documentElement.dataset.theme = theme;
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  await Promise.allSettled(document.getAnimations().map((each) => each.finished));
}"""
CLOSE = """([all, number]) => {
  const one = document.querySelectorAll(all)[number];
  if (one.dataset.looked !== String(number)) return;
  delete one.dataset.looked;
  one.localName === "dialog" ? one.close() : one.hidePopover();
}"""

STRANGERS = {
    "sign-in": "/accounts/login/",
    "sign-up": "/accounts/signup/",
    "forgotten": "/accounts/password/reset/",
    "forgotten-sent": "/accounts/password/reset/done/",
    "password-key-used-up": "/accounts/password/reset/key/1-nothing/",
    "password-changed": "/accounts/password/reset/key/done/",
    "confirmation-sent": "/accounts/confirm-email/",
    "confirmation-used-up": "/accounts/confirm-email/nothing/",
    "inactive": "/accounts/inactive/",
    "link-used-up": "/accounts/once/nothing",
    "missing": "/nothing/",
}
OWN = {
    "workspace": "/workspace/",
    "workspace-bin": "/workspace/bin/",
    "library": "/library/",
    "library-starred": "/library/starred/",
    "library-videos-empty": "/library/videos/",
    "library-bin": "/library/bin/",
    "library-project": "/library/projects/{project}/",
    "library-references": "/library/references/",
    "library-nothing-found": "/library/?q=nothing",
    "viewer": "/library/{media}/",
    "account": "/account/",
    "email": "/accounts/email/",
    "password": "/accounts/password/change/",
    "sign-out": "/accounts/logout/",
    "reauthenticate": "/accounts/reauthenticate/",
    "webhooks": "/account/webhooks/",
    "models": "/models/",
    "workers": "/workers/",
    "worker": "/workers/{worker}",
    "operators": "/admin/",
    "operators-cleanup": "/admin/cleanup/",
}
REFUSED = {"missing"}
# They lead on to one of the others, unless the account has neither password nor address.
LEAD_ON = {"accounts/login/code/confirm/", "accounts/password/set/"}
# Django's own, of which two stand for all; addresses of programs, and Swagger's page about them,
# whose colours and nested buttons are its own.
NO_PAGES = ("admin/", "api/", "media/")


@pytest.mark.heavy
def test_pages_of_a_stranger(porch: Page) -> None:
    visit = Visit(porch)
    for name, url in STRANGERS.items():
        visit.look_at(name, url)
    assert not visit.found, visit.report()


@pytest.mark.heavy
def test_pages_of_somebody(room: Page, furnished: Furnished) -> None:
    visit = Visit(room)
    for name, url in OWN.items():
        visit.look_at(name, url.format(**furnished.places))
    assert not visit.found, visit.report()


def test_no_page_is_forgotten() -> None:
    """The address of a page ends with a slash, which those of actions and fragments do not."""
    looked_at = {route_of(url) for url in (*STRANGERS.values(), *OWN.values())}
    pages = {
        route
        for route in routes(get_resolver().url_patterns)
        if route.endswith(("/", "/$")) and not route.startswith(NO_PAGES)
    }
    # A session's page is the workspace's.
    assert pages - looked_at - LEAD_ON == {"workspace/<uuid:session_id>/"}


def routes(patterns: list[Any], prefix: str = "") -> Iterator[str]:
    """Return every route below some patterns."""
    for each in patterns:
        route = prefix + str(each.pattern).removeprefix("^")
        yield from routes(each.url_patterns, route) if hasattr(each, "url_patterns") else [route]


def route_of(url: str) -> str:
    """Return the route that an address of the lists above leads to; none for a missing page."""
    try:
        return resolve(url.partition("?")[0].format(**SOME)).route
    except Resolver404:
        return ""


class Visit:
    """A walk through pages, with what axe found on the way: each finding once."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.found: dict[str, str] = {}
        self.known: set[str] = set()

    def look_at(self, name: str, url: str) -> None:
        """Open a page, and everything that opens on it, in every look."""
        response = self.page.goto(url, wait_until="load")
        assert response and (response.ok or name in REFUSED), f"{url}: {response}"
        for width, height in WIDTHS.items():
            self.page.set_viewport_size({"width": width, "height": height})
            for theme in THEMES:
                self.page.evaluate(THEME, theme)
                self._look(name, f"{width}-{theme}", colours=theme != THEMES[0])

    def report(self) -> str:
        """Return a line for each finding, with where it was seen first."""
        return "\n".join(f"{where}: {what}" for what, where in self.found.items())

    def _look(self, name: str, look: str, *, colours: bool) -> None:
        self.page.screenshot(path=PICTURES / f"{name}-{look}.jpg", type="jpeg", quality=85)
        here = violations(self.page, colours=colours)
        # How wide they are does not change their colours.
        if not (colours and look.startswith("1440")):
            for element in self._floating(look):
                here += violations(self.page, element, colours=colours)
        for each in here:
            self.found.setdefault(each, f"{name} {look}")

    def _floating(self, look: str) -> Iterator[str]:
        """Open each dialog, menu and sheet in turn, and close it again; those that several pages
        have, on one of them.
        """
        for number in range(self.page.locator(FLOATING).count()):
            text = self.page.evaluate(OPEN, [FLOATING, number])
            if text and (seen := look + text) not in self.known:
                self.known.add(seen)
                yield f'[data-looked="{number}"]'
            self.page.evaluate(CLOSE, [FLOATING, number])
