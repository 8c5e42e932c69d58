"""What starts from a picture: the picker of the dock's references, uploads into it, and the acts of
a card's menu, one click each. Not for rules: services refuse.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from library.models import Media, Reference
from library.references import add_reference
from ourvidz.pages import attempt, signed_in
from workspace import making
from workspace.models import WorkspaceItem
from workspace.views import id_in, room_named, row_of

SHOWN = 24  # of each kind


@signed_in
@require_GET
def picker(request: HttpRequest) -> HttpResponse:
    """Pictures to start from: uploads, the newest of the sessions, the newest of the library."""
    items: Any = WorkspaceItem.objects.for_user(request.user).present().unsaved().exclude(url="")
    media: Any = Media.objects.for_user(request.user).kept()
    references: Any = Reference.objects.for_user(request.user).shown()
    context = {
        "uploads": references.order_by("-created_at", "-id")[:SHOWN],
        "items": items.newest_first()[:SHOWN],
        "media": media.newest_first()[:SHOWN],
    }
    return render(request, "workspace/_reference_picker.html", context)


@signed_in
@require_POST
def upload(request: HttpRequest) -> HttpResponse:
    """Take one picture; the answer is what the dock shows of it, or why it was refused."""

    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile):
        return HttpResponse(status=400)

    def act() -> HttpResponse:
        made = add_reference(user=request.user, upload=file)
        shown = made.thumbnail_url or made.url
        return JsonResponse({"id": str(made.pk), "url": shown, "name": made.name, "role": "image"})

    return attempt(request, act)


@signed_in
@require_POST
def make(request: HttpRequest) -> HttpResponse:
    """Make something of an item or of media; the answer is the new row."""

    def act() -> HttpResponse:
        room = room_named(request)
        jobs = making.make_from(
            user=request.user,
            source_id=id_in(request.POST.get("source", "")) or uuid.UUID(int=0),
            act_name=request.POST.get("act", ""),
            session_id=room.pk,
        )
        return row_of(request, room, jobs[0].batch_id)

    return attempt(request, act)
