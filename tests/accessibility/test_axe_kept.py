"""axe finds nothing in the workspace and the library: see test_axe for the other pages."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.accessibility.conftest import Furnished
from tests.accessibility.walk import MAKING, Visit

pytestmark = pytest.mark.heavy


def test_pages_of_what_is_made_and_kept(room: Page, furnished: Furnished) -> None:
    visit = Visit(room)
    for name, url in MAKING.items():
        visit.look_at(name, url.format(**furnished.places))
    assert not visit.found, visit.report()
