"""Takes the picture of the README from a real run: a site, the starter model, and somebody who
makes things with it. Not a measurement. Run: python -m benchmarks._picture
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from benchmarks._site import running_site
from benchmarks.pages import ARGUMENTS, browser_state

TARGET = Path(__file__).resolve().parents[1] / "docs" / "workspace.png"
VIEW: Any = {"width": 1440, "height": 960}
PATIENCE = 60_000  # milliseconds: the model is loaded first
PROMPTS = (
    "a castle in the snow at sunset",
    "a robot in the city at night",
    "a pink fox in the forest by day",
)


def main() -> None:
    """Make three rows, keep a picture, write on, and take the picture."""
    with running_site() as running:
        site: Any = running
        from benchmarks import _crowd
        from jobs.presets import sync_presets
        from ourvidz import rows

        with rows.as_service("picture"):
            sync_presets()
        user = _crowd.library_of(1)
        site.spawn_gpu_worker("starter", OURVIDZ_BROKER_URL=site.broker_url())
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
        take(site, user)


def take(site: Any, user: Any) -> None:
    """Use the workspace in the dark theme, and leave its picture."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        state = browser_state(browser, site, user)
        context = browser.new_context(
            base_url=site.url, storage_state=state, viewport=VIEW, color_scheme="dark"
        )
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.goto("/workspace/", wait_until="load")
        name_it(page, "Tuesday ideas")
        for prompt in PROMPTS:
            make(page, prompt)
            page.locator('.batch:first-child .card[data-status="generated"]').nth(3).wait_for()
        page.locator('.card[data-status="generated"]').first.focus()
        page.keyboard.press("s")
        page.locator('.card[data-status="saved"]').wait_for()
        page.locator("#prompt").fill("an owl in the mountains at sunset")
        page.screenshot(path=TARGET)
        browser.close()


def name_it(page: Any, name: str) -> None:
    """Give the session a name."""
    page.locator(".session__name").click()
    page.get_by_label("Name of the session").fill(name)
    page.get_by_role("button", name="Rename").click()
    page.keyboard.press("Escape")


def make(page: Any, prompt: str) -> None:
    """Ask for four of a prompt."""
    page.locator("#prompt").fill(prompt)
    page.locator("#prompt").press("Control+Enter")
    page.get_by_role("article", name=prompt).nth(3).wait_for()


if __name__ == "__main__":
    main()
