"""axe-core in the page under test. Its script comes from a pinned package and enters through the
browser's debugger, so that the page's policy stays as strict as it is for people. Not for what
axe cannot see: test_manners.py.
"""

from __future__ import annotations

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# Another theme changes colours and nothing else.
OF_COLOUR = ["color-contrast", "link-in-text-block"]
# Another width, what it hides or moves: the rest of a dialog stays as it was.
OF_PLACE = [*OF_COLOUR, "target-size", "scrollable-region-focusable", "button-name", "link-name"]
# Stylesheets are read by one rule, which asks about whole pages.
RUN = """async ([within, runOnly, preload]) => {
  const options = { runOnly, preload, resultTypes: ["violations"] };
  const found = await axe.run(within ?? document, options);
  const said = (node) => [...node.any, ...node.all, ...node.none].map((each) => each.message);
  return found.violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.target.join(" ")}: ${said(node).join(" ")}`));
}"""


def violations(
    page: Page, within: str | None = None, *, colours: bool = False, moved: bool = False
) -> list[str]:
    """Return what axe finds in the page, or in one element of it: rule, element and reason.

    With `colours`, only what a theme can change is looked at; with `moved`, what a width can.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    rules = OF_COLOUR if colours else OF_PLACE if moved else []
    only = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": RULES}
    found: list[Any] = page.evaluate(RUN, [within, only, not within and not colours])
    return [str(each) for each in found]
