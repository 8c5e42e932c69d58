"""The whole way with the real starter model: sign in, write, watch the picture form, keep it, and
find it in the library. The only browser test that runs torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from tests.browser.conftest import PATIENCE
from tests.site import LiveSite

PROMPT = "a castle in the snow at sunset"
# Torch is imported and the weights are loaded first, on a machine that may be busy.
MODEL_PATIENCE = 150_000  # milliseconds


@pytest.mark.heavy
@pytest.mark.timeout(300)
def test_a_picture_from_the_starter_model_is_kept(
    page: Page,
    live_site: LiveSite,
    presets: None,
    user: User,
    sign_in: Any,
    complaints: list[str],
    screenshot: Callable[[str], None],
) -> None:
    live_site.spawn_gpu_worker("starter", OURVIDZ_BROKER_URL=live_site.broker_url())
    page.context.set_default_timeout(PATIENCE)
    sign_in(page, user)
    page.get_by_label("Prompt", exact=True).fill(PROMPT)
    page.get_by_role("button", name="How many").click()
    page.locator("label").filter(has=page.get_by_role("radio", name="×1", exact=True)).click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Generate", exact=True).click()
    card = page.get_by_role("article", name=PROMPT)
    expect(card).to_have_attribute("data-status", "generated", timeout=MODEL_PATIENCE)
    picture = card.get_by_role("img", name=PROMPT)
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 256
    screenshot("starter-made")
    card.get_by_role("button", name="Save to library").click()
    expect(card).to_have_attribute("data-status", "saved", timeout=PATIENCE)
    page.get_by_role("link", name="Library", exact=True).click()
    expect(page.get_by_role("img", name=PROMPT)).to_be_visible(timeout=PATIENCE)
    screenshot("starter-in-the-library")
    assert complaints == []
