"""A page that lived through events must show what a fresh one shows: a change that nobody told, or
that a page forgot to follow, fails here. Not for moments, which paint what is only true now.
"""

from __future__ import annotations

import difflib
import time

from playwright.sync_api import Page

PATIENCE_SECONDS = 10.0

# What the tab itself decides (focus, drafts, open menus), what only moments paint, what tells the
# time, and what nobody sees who has scripts may differ.
OUTLINE = """() => {
  const skipped = `.card__ring, .card__plate, .card__preview, .batch__more, relative-time, time,
    script, noscript`;
  const ignored = new Set(["style", "tabindex", "value", "checked", "open", "aria-expanded",
    "aria-current", "data-open", "data-state", "loading"]);
  const lines = [];
  const clean = (text) => text.trim().replace(/\\s+/g, " ");
  const walk = (node, depth) => {
    if (node.nodeType === Node.TEXT_NODE) {
      if (node.data.trim()) lines.push(" ".repeat(depth) + clean(node.data));
    }
    if (node.nodeType !== Node.ELEMENT_NODE || node.matches(skipped)) return;
    const kept = [...node.attributes].filter(({ name }) => !ignored.has(name));
    const words = kept.map(({ name, value }) => ` ${name}=${clean(value)}`).sort();
    lines.push(" ".repeat(depth) + node.localName + words.join(""));
    if (node.localName !== "textarea") for (const child of node.childNodes) walk(child, depth + 1);
  };
  walk(document.querySelector("main"), 0);
  return lines;
}"""


def assert_page_equals_fresh(page: Page) -> None:
    """Compare the page with the same address opened anew, by its elements, attributes and words.

    The page may take a while to follow; after ten seconds the difference is shown.
    """
    fresh = page.context.new_page()
    try:
        _assert_equal(page, fresh)
    finally:
        fresh.close()


def _assert_equal(page: Page, fresh: Page) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        fresh.set_viewport_size(page.viewport_size or {"width": 1280, "height": 720})
        fresh.goto(page.url)
        fresh.locator("live-feed[data-state=live]").wait_for(state="attached")
        lived, expected = page.evaluate(OUTLINE), fresh.evaluate(OUTLINE)
        if lived == expected:
            return
        if time.monotonic() > deadline:
            lines = difflib.unified_diff(expected, lived, "fresh", "lived", lineterm="", n=2)
            raise AssertionError("\n".join(list(lines)[:80]))
        page.wait_for_timeout(200)
