"""axe finds nothing on the pages of strangers, accounts, models and workers: in no dialog, menu or
sheet, in neither theme, on a phone or a desk. What people make and keep: test_axe_kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import Resolver404, get_resolver, resolve
from playwright.sync_api import Page

from tests.accessibility.conftest import Furnished
from tests.accessibility.walk import KEEPING, OWN, STRANGERS, Visit

SOME = dict.fromkeys(("project", "media", "worker"), "00000000-0000-7000-8000-000000000000")
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
    for name, url in KEEPING.items():
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
