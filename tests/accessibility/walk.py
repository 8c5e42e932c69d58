"""A walk of axe through pages, with everything that opens on them, on a phone and a desk, in both
themes. On the way a picture of each is left in var/test-output/pages. The pages are in test_axe and
test_axe_kept, what scripts fill is in test_axe_filled; axe itself is in axe.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Page

from tests.accessibility.axe import violations

PICTURES = Path(__file__).resolve().parents[2] / "var" / "test-output" / "pages"
WIDTHS = {390: 844, 1440: 900}
THEMES = ("light", "dark")
# Everything that stands above the page when it is open; each is opened the way scripts do it.
FLOATING = "dialog, [popover]"
OPEN = """([all, number]) => {
  const one = document.querySelectorAll(all)[number];
  const text = one.id || one.outerHTML;
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

# Addresses with places in them are filled by the fixture `furnished`.
MAKING = {
    "workspace": "/workspace/",
    "workspace-bin": "/workspace/bin/",
    "workspace-line": "/workspace/line/",
    "library": "/library/",
    "library-starred": "/library/starred/",
    "library-videos-empty": "/library/videos/",
    "library-bin": "/library/bin/",
    "library-project": "/library/projects/{project}/",
    "library-references": "/library/references/",
    "library-nothing-found": "/library/?q=nothing",
    "viewer": "/library/{media}/",
}
KEEPING = {
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
OWN = MAKING | KEEPING
REFUSED = {"missing"}


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
        for look, colours in self._looks():
            self._look(name, look, colours=colours)

    def look_within(self, name: str, element: str) -> None:
        """Look in every look at what stands open on the page by now, and at nothing else."""
        for look, colours in self._looks():
            self._picture(name, look)
            for each in violations(self.page, element, colours=colours):
                self.found.setdefault(each, f"{name} {look}")

    def report(self) -> str:
        """Return a line for each finding, with where it was seen first."""
        return "\n".join(f"{where}: {what}" for what, where in self.found.items())

    def _looks(self) -> Iterator[tuple[str, bool]]:
        """Give the page each look in turn; yields its name, and whether only colours changed."""
        for width, height in WIDTHS.items():
            self.page.set_viewport_size({"width": width, "height": height})
            for theme in THEMES:
                self.page.evaluate(THEME, theme)
                yield f"{width}-{theme}", theme != THEMES[0]

    def _picture(self, name: str, look: str) -> None:
        self.page.screenshot(path=PICTURES / f"{name}-{look}.jpg", type="jpeg", quality=85)

    def _look(self, name: str, look: str, *, colours: bool) -> None:
        self._picture(name, look)
        here = violations(self.page, colours=colours)
        # How wide they are does not change their colours.
        if not (colours and look.startswith("1440")):
            for element, known in self._floating(look):
                here += violations(self.page, element, colours=colours, moved=known)
        for each in here:
            self.found.setdefault(each, f"{name} {look}")

    def _floating(self, look: str) -> Iterator[tuple[str, bool]]:
        """Open each dialog, menu and sheet in turn, and close it again; those that several pages
        have, on one of them. Yields how to find it, and whether another width showed it.
        """
        for number in range(self.page.locator(FLOATING).count()):
            text = self.page.evaluate(OPEN, [FLOATING, number])
            if text and (seen := look + text) not in self.known:
                yield f'[data-looked="{number}"]', text in self.known
                self.known |= {seen, text}
            self.page.evaluate(CLOSE, [FLOATING, number])
