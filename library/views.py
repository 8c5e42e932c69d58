"""The library's pages and fragments: each view reads its input, calls one service and renders. Not
for rules: services refuse, and `attempt` turns a refusal into words.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from library import archive, pages, references, services, undo
from library.forms import as_uuid, read_media_ids, read_project
from library.listing import Listing, project_of
from library.models import Media
from library.shelves import shelves_context
from library.viewer import Viewer
from ourvidz.errors import Refused
from ourvidz.pages import announce, attempt

PLAIN = "library/_references.html"
REFERENCE_FRAGMENTS = {"tiles": "library/_reference_tiles.html"}
FRAGMENTS = {"tiles": "library/_tiles.html", "grid": "library/_grid.html"}


@login_required
@require_GET
def shelf(request: HttpRequest, name: str = "all") -> HttpResponse:
    """A shelf of media, or a fragment of it."""
    return _list(request, Listing.read(request.user, request.GET, name, None))


@login_required
@require_GET
def project(request: HttpRequest, project_id: uuid.UUID) -> HttpResponse:
    """One project's media."""
    found = project_of(request.user, project_id)
    if found is None:
        return _gone(request)
    return _list(request, Listing.read(request.user, request.GET, "all", found))


@login_required
@require_GET
def shelves(request: HttpRequest) -> HttpResponse:
    """The left column as it is now; `here` is the address of the page it stands on."""
    context = shelves_context(request.user) | {"here": request.GET.get("here", "")}
    return render(request, "library/_shelves.html", context)


@login_required
@require_GET
def viewer(request: HttpRequest, media_id: uuid.UUID) -> HttpResponse:
    """One picture or video. `fragment` leaves the page's frame away."""
    mine: Any = Media.objects.for_user(request.user)
    media = mine.select_related("project").filter(pk=media_id).first()
    if media is None:
        return _gone(request)
    query = request.GET
    shelf = "bin" if media.deleted_at else query.get("shelf", "")
    found = project_of(request.user, query.get("project")) if "project" in query else None
    shown = Viewer(media, Listing.read(request.user, query, shelf, found))
    template = "library/_viewer.html" if "fragment" in query else "library/viewer.html"
    return render(request, template, {"viewer": shown, "media": media})


@login_required
@require_GET
def reference_shelf(request: HttpRequest) -> HttpResponse:
    """The uploaded references, or the fragment of them."""
    context = pages.references_context(request.user, request.GET)
    if fragment := request.GET.get("fragment"):
        return render(request, REFERENCE_FRAGMENTS.get(fragment, PLAIN), context)
    page = shelves_context(request.user) | {"here": request.path}
    return render(request, "library/references.html", context | page)


@login_required
@require_POST
def move(request: HttpRequest) -> HttpResponse:
    """Put media into a project: one that exists, a new one, or none."""

    def act() -> HttpResponse:
        ids = read_media_ids(request.POST)
        target = read_project(request.user, request.POST)
        token = undo.remember_places(request.user, ids)
        services.move_media(
            user=request.user, media_ids=ids, project_id=target.pk if target else None
        )
        text = _("Moved to “%(name)s”.") % {"name": target} if target else _("In no project now.")
        url = reverse("library:move-back", args=[token])
        return done(request, toast_undo={"text": text, "url": url})

    return attempt(request, act)


@login_required
@require_POST
def star(request: HttpRequest) -> HttpResponse:
    """Star media, or take their stars away."""

    def act() -> HttpResponse:
        starred = request.POST.get("starred") == "true"
        ids = read_media_ids(request.POST)
        services.star_media(user=request.user, media_ids=ids, starred=starred)
        return done(request)

    return attempt(request, act)


@login_required
@require_POST
def delete(request: HttpRequest) -> HttpResponse:
    """Put media into the bin. Its way back takes all that was deleted at that moment."""

    def act() -> HttpResponse:
        now = timezone.now()
        ids = read_media_ids(request.POST)
        gone = services.delete_media(user=request.user, media_ids=ids, now=now)
        text = ngettext("Moved to the bin.", "%(count)s moved to the bin.", len(gone))
        undo = f"{reverse('library:restore')}?at={now.isoformat().replace('+', '%2B')}"
        return done(request, toast_undo={"text": text % {"count": len(gone)}, "url": undo})

    return attempt(request, act)


@login_required
@require_POST
def restore(request: HttpRequest) -> HttpResponse:
    """Take media out of the bin: those named, or those deleted `at` one moment."""

    def act() -> HttpResponse:
        at = request.GET.get("at")
        ids = _deleted_at(request, at) if at else read_media_ids(request.POST)
        services.restore_media(user=request.user, media_ids=ids)
        return done(request)

    return attempt(request, act)


@login_required
@require_GET
def download(request: HttpRequest) -> HttpResponseBase:
    """Several files as one archive."""
    try:
        ids = read_media_ids(request.GET)
    except Refused:
        return _gone(request)
    mine: Any = Media.objects.for_user(request.user)
    return archive.answer(mine.newest_first().filter(pk__in=ids))


@login_required
@require_POST
def create_project(request: HttpRequest) -> HttpResponse:
    """Make a project and go there."""

    def act() -> HttpResponse:
        name, parent = request.POST.get("name", ""), as_uuid(request.POST.get("parent", ""))
        made = services.create_project(user=request.user, name=name, parent_id=parent)
        return _go(request, reverse("library:project", args=[made.pk]))

    return attempt(request, act)


@login_required
@require_POST
def rename_project(request: HttpRequest, project_id: uuid.UUID) -> HttpResponse:
    """Give a project another name, or another project to lie in."""

    def act() -> HttpResponse:
        name, parent = request.POST.get("name", ""), request.POST.get("parent")
        parent_id = as_uuid(parent) or "" if parent is not None else None
        services.update_project(
            user=request.user, project_id=project_id, name=name, parent_id=parent_id
        )
        return _go(request, reverse("library:project", args=[project_id]))

    return attempt(request, act)


@login_required
@require_POST
def delete_project(request: HttpRequest, project_id: uuid.UUID) -> HttpResponse:
    """Delete a project; what is in it stays in the library, or (`media` is "bin") goes along."""

    def act() -> HttpResponse:
        goes = request.POST.get("media") == "bin"
        services.delete_project(user=request.user, project_id=project_id, with_media=goes)
        home = reverse("library:home")
        if not request.htmx:  # type: ignore[attr-defined]
            return redirect(home)
        undo_url = reverse("library:restore-project", args=[project_id])
        later = {"text": _("Project deleted."), "url": undo_url, "go": home}
        return announce(HttpResponse(status=204), toast_later=later)

    return attempt(request, act)


@login_required
@require_POST
def cover(request: HttpRequest, project_id: uuid.UUID) -> HttpResponse:
    """Let a picture stand for a project."""

    def act() -> HttpResponse:
        media_id = read_media_ids(request.POST)[0]
        services.update_project(user=request.user, project_id=project_id, cover_id=media_id)
        return done(request)

    return attempt(request, act)


@login_required
@require_POST
def add_references(request: HttpRequest) -> HttpResponse:
    """Take uploaded pictures; what is refused is said for each, the others are kept."""
    refused = pages.take_uploads(request.user, request.FILES.getlist("file"))
    context = pages.references_context(request.user, {}) | {"refused": refused}
    if not request.htmx:  # type: ignore[attr-defined]
        context |= shelves_context(request.user) | {"here": reverse("library:references")}
        return render(request, "library/references.html", context)
    return render(request, "library/_references.html", context)


@login_required
@require_POST
def delete_reference(request: HttpRequest, reference_id: uuid.UUID) -> HttpResponse:
    """Remove a reference, with a way back."""

    def act() -> HttpResponse:
        references.delete_reference(user=request.user, reference_id=reference_id)
        undo = reverse("library:restore-reference", args=[reference_id])
        return done(request, toast_undo={"text": _("Reference deleted."), "url": undo})

    return attempt(request, act)


@login_required
@require_POST
def restore_reference(request: HttpRequest, reference_id: uuid.UUID) -> HttpResponse:
    """Undo the deletion of a reference."""

    def act() -> HttpResponse:
        references.restore_reference(user=request.user, reference_id=reference_id)
        return done(request)

    return attempt(request, act)


def _list(request: HttpRequest, listing: Listing) -> HttpResponse:
    fragment = request.GET.get("fragment", "")
    if fragment == "some":
        return HttpResponse("".join(pages.some_tiles(listing, read_media_ids(request.GET))))
    context = pages.grid_context(listing, request.GET)
    if fragment in FRAGMENTS:
        return render(request, FRAGMENTS[fragment], context)
    context |= shelves_context(request.user) | pages.filters_context(listing)
    return render(request, "library/home.html", context | {"here": request.path})


def _deleted_at(request: HttpRequest, text: str) -> list[uuid.UUID]:
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    mine: Any = Media.objects.for_user(request.user)
    found = list(mine.filter(deleted_at=moment).values_list("pk", flat=True)) if moment else []
    if not found:
        raise Refused("media_missing")
    return found


def done(request: HttpRequest, **events: Any) -> HttpResponse:
    """Answer an action: the page hears that the library changed, and shows it."""
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(_came_from(request))
    return announce(HttpResponse(status=204), library_changed={}, **events)


def _came_from(request: HttpRequest) -> str:
    """Return the page of ours that a form stands on."""
    url = request.headers.get("referer", "")
    ours = url_has_allowed_host_and_scheme(url, {request.get_host()}, request.is_secure())
    return url if ours else reverse("library:home")


def _go(request: HttpRequest, url: str) -> HttpResponse:
    """Lead to another page, also where htmx asked."""
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(url)
    response = HttpResponse(status=204)
    response["HX-Redirect"] = url
    return response


def _gone(request: HttpRequest) -> HttpResponse:
    return render(request, "library/gone.html", status=404)
