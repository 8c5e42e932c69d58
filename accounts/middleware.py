"""Gives each request its identity in the database: the person's for pages and the API, the system's
for sign-in and the admin, none for strangers. Not for permissions: views and services ask for
those.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager

from django.contrib.auth import SESSION_KEY
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from accounts.tokens import token_of
from ourvidz import rows

# Sign-in has to look up people who are not yet anybody; allauth and Django's sessions write there.
SIGN_IN = "/accounts/"
ADMIN = "/admin/"
# Workers carry their own token, which their views check; they are no person.
WORKERS = "/api/v1/worker/"
PUBLIC = ("/static/", "/health")
# Where an API token counts. Pages and the admin know no scopes, so a token that may only read could
# write there.
PROGRAMS = ("/api/", "/media/")

SEEN_AT = "seen_at"
SLIDE_SECONDS = 3600


class SlidingSessionMiddleware:
    """Moves the end of a session with the visits, at most once an hour: a page of pictures would
    otherwise write it a hundred times.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if SESSION_KEY in request.session:
            now = int(time.time())
            if now - request.session.get(SEEN_AT, 0) >= SLIDE_SECONDS:
                request.session[SEEN_AT] = now
        return self.get_response(request)


class IdentityMiddleware:
    """Runs the rest of the request in one transaction, as whoever asks.

    ATOMIC_REQUESTS alone opens its transaction too late: a middleware's settings, and a template
    that is rendered after the view, would have no identity.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith((WORKERS, *PUBLIC)):
            return self.get_response(request)
        self._resolve(request)
        with self._identity(request):
            response = _rendered(self.get_response(request))
        draw = getattr(response, "draw", None)
        if draw is None:
            return response
        # What is drawn after the commit: see ourvidz.pages.after_commit.
        with self._identity(request):
            return _with_headers(draw(), response)

    def _resolve(self, request: HttpRequest) -> None:
        """Find out who asks, while the system may look: a token of the API, or the session."""
        with rows.as_service("sign-in"):
            token = token_of(request) if request.path.startswith(PROGRAMS) else None
            request.api_token = token  # type: ignore[attr-defined]
            if token is not None:
                request.user = token.user
            else:
                # The user is lazy: touch it (and the profile that every page needs) now.
                request.user.is_authenticated  # noqa: B018

    def _identity(self, request: HttpRequest) -> AbstractContextManager[object]:
        if request.path.startswith(SIGN_IN):
            return rows.as_service("sign-in")
        user = request.user
        if not user.is_authenticated:
            return transaction.atomic()
        if request.path.startswith(ADMIN) and user.is_active and user.is_staff:
            return rows.as_service("admin")
        return rows.as_user(user)


def _rendered(response: HttpResponse) -> HttpResponse:
    """Render a lazy template response while there still is an identity."""
    render = getattr(response, "render", None)
    if callable(render) and not getattr(response, "is_rendered", True):
        return render()
    return response


def _with_headers(drawn: HttpResponse, response: HttpResponse) -> HttpResponse:
    """Add what the view's middleware has put on the response in whose place this one is sent."""
    for name, value in response.items():
        drawn.headers.setdefault(name, value)
    drawn.cookies.update(response.cookies)
    return drawn
