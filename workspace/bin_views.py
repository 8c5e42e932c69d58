"""The bin's page and its ways out, sessions that are deleted or left, and several items as one
download. Not for rules: services have those.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from library import archive
from ourvidz.pages import announce, attempt, is_fragment, signed_in
from workspace import services
from workspace.cards import Card
from workspace.models import WorkspaceItem
from workspace.views import named_items

SHOWN = 200


@signed_in
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """What can be brought back."""
    return render(request, "workspace/bin.html", _context(request))


@signed_in
@require_POST
def restore(request: HttpRequest) -> HttpResponse:
    """Bring back the items that are named, or all of them."""

    def act() -> HttpResponse:
        ids = named_items(request.POST) or _all(request)
        services.restore_items(user=request.user, item_ids=ids)
        return _left(request)

    return attempt(request, act)


@signed_in
@require_POST
def empty(request: HttpRequest) -> HttpResponse:
    """Throw the items away for good that are named, or all of them."""

    def act() -> HttpResponse:
        named = named_items(request.POST)
        services.empty_bin(user=request.user, item_ids=named or None)
        return _left(request)

    return attempt(request, act)


@signed_in
@require_POST
def delete_session(request: HttpRequest, session_id: uuid.UUID) -> HttpResponse:
    """Put a session with its items into the bin and go to the one before it."""

    def act() -> HttpResponse:
        services.delete_session(user=request.user, session_id=session_id)
        home = reverse("workspace:home")
        if not is_fragment(request):
            return redirect(home)
        undo = reverse("workspace:restore-session", args=[session_id])
        later = {"text": _("Session deleted."), "url": undo, "go": home}
        return announce(HttpResponse(), toast_later=later)

    return attempt(request, act)


@signed_in
@require_POST
def here(request: HttpRequest, session_id: uuid.UUID) -> HttpResponse:
    """A tab has the session open, or has it again."""
    stay = request.POST.get("stay", "")
    services.stay_in_session(user=request.user, session_id=session_id, stay=stay)
    return HttpResponse(status=204)


@signed_in
@require_POST
def leave(request: HttpRequest, session_id: uuid.UUID) -> HttpResponse:
    """A tab of the session was closed, or goes elsewhere."""
    stay = request.POST.get("stay", "")
    services.leave_session(user=request.user, session_id=session_id, stay=stay)
    return HttpResponse(status=204)


@signed_in
@require_POST
def noticed(request: HttpRequest, session_id: uuid.UUID) -> HttpResponse:
    """It was read that the sweep removed items."""

    def act() -> HttpResponse:
        services.forget_cleaned(user=request.user, session_id=session_id)
        return HttpResponse()

    return attempt(request, act)


@signed_in
@require_GET
def download(request: HttpRequest) -> HttpResponseBase:
    """Several items as one archive, pictures and videos alike."""
    items: Any = WorkspaceItem.objects.for_user(request.user).present()
    return archive.answer(items.newest_first().filter(pk__in=named_items(request.GET)))


def _all(request: HttpRequest) -> list[uuid.UUID]:
    return list(services.in_bin(request.user).values_list("pk", flat=True))


def _left(request: HttpRequest) -> HttpResponse:
    if not is_fragment(request):
        return redirect("workspace:bin")
    return render(request, "workspace/_bin.html", _context(request))


def _context(request: HttpRequest) -> dict[str, Any]:
    found = services.in_bin(request.user)
    cards = [Card(item) for item in found.select_related("session")[:SHOWN]]
    count = len(cards) if len(cards) < SHOWN else found.count()
    words = ngettext("%(count)s item", "%(count)s items", count) % {"count": count}
    return {"cards": cards, "count": count, "words": words, "days": settings.BIN_DAYS}
