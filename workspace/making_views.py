"""What starts from a picture: the picker of the dock's references, uploads into it, and the acts of
a card's menu, one click each. Not for rules: services refuse.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.http import require_GET, require_POST

from library.models import Media, Reference
from library.references import add_reference
from ourvidz.mp4_text import comment_of
from ourvidz.pages import attempt, signed_in
from ourvidz.settings_inside import read_settings, settings_in
from workspace import making
from workspace.models import WorkspaceItem
from workspace.recall import Recalled, recalled
from workspace.views import id_in, room_named, row_of

SHOWN = 24  # of each kind
MASK = Reference.Purpose.MASK
MOST_OF_A_VIDEO = 512 * 1024  # bytes; what we make says first how it was made


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

    is_mask = request.POST.get("purpose") == MASK

    def act() -> HttpResponse:
        found = None if is_mask else recalled(read_settings(file))  # type: ignore[arg-type]
        purpose = MASK if is_mask else Reference.Purpose.PICTURE
        made = add_reference(user=request.user, upload=file, purpose=purpose)
        shown = made.thumbnail_url or made.url
        role = "mask" if is_mask else "image"
        chip = {"id": str(made.pk), "url": shown, "name": made.name, "role": role}
        return JsonResponse(chip | {"recall": _offer(request, found)})

    return attempt(request, act)


@signed_in
@require_POST
def recall(request: HttpRequest) -> HttpResponse:
    """What the beginning of a video says of how it was made; nothing is kept."""
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile):
        return HttpResponse(status=400)
    found = recalled(settings_in(comment_of(file.read(MOST_OF_A_VIDEO))))
    return HttpResponse(_offer(request, found))


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


def _offer(request: HttpRequest, found: Recalled | None) -> str:
    if found is None:
        return ""
    return render_to_string("workspace/_recall.html", {"recalled": found}, request)
