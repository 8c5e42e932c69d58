"""What every page needs from the server: the theme, the head of the feed, and a refusal turned into
a message beside the field that it is about. Not for the pages themselves, nor for the files they
load (see bundle).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextvars import copy_context
from functools import partial, wraps
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from ourvidz import feed, rows
from ourvidz.errors import Refused
from ourvidz.middleware import wants_page

View = Callable[..., HttpResponseBase]
THEMES = ("system", "light", "dark")


def page(request: HttpRequest) -> dict[str, Any]:
    """Context processor. Its values are only worked out by templates that show them."""
    return {
        "theme": lambda: theme(request),
        "feed_head": lambda: _head(request),
        "error_frame": lambda: _error_frame(request),
    }


def theme(request: HttpRequest) -> str:
    """Return the chosen theme: of this browser, else of the person, else the system's."""
    chosen = request.COOKIES.get("theme", "")
    if chosen not in THEMES and getattr(request, "user", None) and request.user.is_authenticated:
        profile = getattr(request.user, "profile", None)
        chosen = getattr(profile, "theme", "")
    return chosen if chosen in THEMES else "system"


def attempt(request: HttpRequest, act: Callable[[], HttpResponse]) -> HttpResponse:
    """Run `act`; where it is refused, undo what it wrote and answer with the reason.

    A fragment is answered with a fragment, a form that was sent without scripts with a page. The
    templates get `message`, `field` and `code`; the status is the refusal's own.
    """
    try:
        with transaction.atomic():
            return act()
    except Refused as refused:
        template = "_refused.html" if is_fragment(request) else "refused.html"
        context = {"message": str(refused), "field": refused.field, "code": refused.code}
        return render(request, template, context, status=refused.status)


def after_commit(draw: Callable[[], HttpResponse]) -> HttpResponse:
    """Answer with what `draw` returns when what the view wrote is committed, with the same identity
    and in the same language: whoever the commit sets to work need not wait for the drawing.
    """
    response = HttpResponse()
    response.draw = partial(copy_context().run, draw)  # type: ignore[attr-defined]
    return response


def act_in(request: HttpRequest, *choices: str) -> str:
    """Return what a form wants done. Raises Refused('act_unknown') for anything else."""
    wanted = request.POST.get("act", "")
    if wanted not in choices:
        raise Refused("act_unknown", field="act", choices=", ".join(choices))
    return wanted


def is_fragment(request: HttpRequest) -> bool:
    """Say whether a script asks, for a part of a page."""
    return request.headers.get("HX-Request") == "true"


def form_of(home: str) -> Callable[[View], View]:
    """Take what a form sends. Its address may stand in a browser's history, with the page that said
    what was wrong: whoever only looks is sent to `home`, the page of the form.
    """

    def taking(view: View) -> View:
        @require_http_methods(["GET", "POST"])
        @wraps(view)
        def taken(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            return view(request, *args, **kwargs) if request.method == "POST" else redirect(home)

        return taken

    return taking


def signed_in(view: View) -> View:
    """Let only people who are signed in see a page; to a fragment it answers by moving the page."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated:
            return view(request, *args, **kwargs)
        if not is_fragment(request):
            return redirect_to_login(request.get_full_path())
        here = urlsplit(request.headers.get("HX-Current-URL", "")).path or "/"
        return HttpResponse(status=401, headers={"HX-Redirect": redirect_to_login(here).url})

    return checked


def announce(response: HttpResponse, **events: Any) -> HttpResponse:
    """Let the page fire events when the answer arrives, e.g. `toast_undo={"text": …, "url": …}`."""
    named = {name.replace("_", ":"): detail for name, detail in events.items()}
    response["HX-Trigger"] = json.dumps(named)
    return response


def _error_frame(request: HttpRequest) -> str:
    """What stands around an error: the header, for people who can go on from there. Where no
    identity is set, as before it is found out, rows could not be read: the page stands alone.
    """
    identified = rows.current_role() != "none"
    goes_on = identified and wants_page(request) and request.user.is_authenticated
    return "base.html" if goes_on else "error.html"


def _head(request: HttpRequest) -> int | str:
    """The feed's head as it was before the page read its rows, so that nothing falls in between."""
    if not request.user.is_authenticated:
        return ""
    known = getattr(request, "feed_head", None)
    return feed.head(request.user.pk) if known is None else known
