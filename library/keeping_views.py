"""What keeps the library in order: tags, saved searches, the bin's end, pictures in other formats.
Each view reads its input, calls one service and answers. Not for lists and the viewer: see views.
"""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from library import formats, searches, services, tags, undo
from library.bin import empty_bin
from library.forms import read_media_ids
from library.models import Media
from library.views import done
from ourvidz.pages import attempt

TITLE_LENGTH = 60


@login_required
@require_POST
def tag(request: HttpRequest) -> HttpResponse:
    """Put tags on media (`add`, commas between) or take some off (`off`)."""

    def act() -> HttpResponse:
        ids = read_media_ids(request.POST)
        add, remove = (_names(request.POST, name) for name in ("add", "off"))
        tags.tag_media(user=request.user, media_ids=ids, add=add, remove=remove)
        return done(request)

    return attempt(request, act)


@login_required
@require_POST
def save_search(request: HttpRequest) -> HttpResponse:
    """Keep the search `query`, the values of a list's address, under a name."""

    def act() -> HttpResponse:
        query = QueryDict(request.POST.get("query", "")).dict()
        name = request.POST.get("name", "")
        saved = searches.save_search(user=request.user, name=name, query=query)
        return done(request, toast_say={"text": _("Saved as “%(name)s”.") % {"name": saved.name}})

    return attempt(request, act)


@login_required
@require_POST
def delete_search(request: HttpRequest, search_id: uuid.UUID) -> HttpResponse:
    """Forget a saved search, with a way back."""

    def act() -> HttpResponse:
        gone = searches.delete_search(user=request.user, search_id=search_id)
        again = urlencode({"name": gone.name, "query": urlencode(gone.query)})
        url = f"{reverse('library:search-again')}?{again}"
        return done(request, toast_undo={"text": _("Saved search deleted."), "url": url})

    return attempt(request, act)


@login_required
@require_POST
def search_again(request: HttpRequest) -> HttpResponse:
    """Undo the deletion of a saved search."""

    def act() -> HttpResponse:
        query = QueryDict(request.GET.get("query", "")).dict()
        searches.save_search(user=request.user, name=request.GET.get("name", ""), query=query)
        return done(request)

    return attempt(request, act)


@login_required
@require_POST
def remove(request: HttpRequest) -> HttpResponse:
    """Remove for good what is in the bin: the media that are named, or all of it."""

    def act() -> HttpResponse:
        ids = read_media_ids(request.POST) if request.POST.get("media") else None
        count = empty_bin(user=request.user, media_ids=ids)
        text = ngettext("%(count)s is gone for good.", "%(count)s are gone for good.", count)
        return done(request, toast_say={"text": text % {"count": count}})

    return attempt(request, act)


@login_required
@require_POST
def move_back(request: HttpRequest, token: str) -> HttpResponse:
    """Undo a move."""

    def act() -> HttpResponse:
        undo.put_back(user=request.user, token=token)
        return done(request)

    return attempt(request, act)


@login_required
@require_POST
def restore_project(request: HttpRequest, project_id: uuid.UUID) -> HttpResponse:
    """Undo the deletion of a project."""

    def act() -> HttpResponse:
        services.restore_project(user=request.user, project_id=project_id)
        return done(request)

    return attempt(request, act)


@login_required
@require_GET
def picture_as(request: HttpRequest, media_id: uuid.UUID, wanted: str) -> HttpResponse:
    """Download a picture as PNG, JPEG or WebP."""

    def act() -> HttpResponse:
        media = services.own_media(request.user, media_id)
        body, mime_type = formats.converted(media, wanted)
        answer = HttpResponse(body, content_type=mime_type)
        answer["Content-Disposition"] = content_disposition_header(True, _file_name(media, wanted))
        answer["Cache-Control"] = "private, max-age=3600"
        return answer

    return attempt(request, act)


def _file_name(media: Media, extension: str) -> str:
    words = slugify(media.title or media.prompt, allow_unicode=True)[:TITLE_LENGTH].strip("-_")
    return f"{words or 'ourvidz'}-{media.pk.hex[-6:]}.{extension}"


def _names(data: Any, field: str) -> list[str]:
    return [name for text in data.getlist(field) for name in text.split(",") if name.strip()]
