"""Reads how far a person's feed is before a page reads its rows. Not for who asks: see accounts."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from ourvidz import feed, rows


class FeedHeadMiddleware:
    """Puts `request.feed_head` on requests for whole pages.

    Read after the rows, the head could count a change that the page does not show, and the page
    would never fetch it. Stands behind the middleware that sets the identity.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        identified = rows.current_role() != "none"
        if identified and wants_page(request) and request.user.is_authenticated:
            request.feed_head = feed.head(request.user.pk)  # type: ignore[attr-defined]
        return self.get_response(request)


def wants_page(request: HttpRequest) -> bool:
    """Say whether a browser opens a page: a fragment, a picture or the API needs no head."""
    asks = request.headers
    return (
        request.method == "GET"
        and "HX-Request" not in asks
        and "text/html" in asks.get("Accept", "")
    )
