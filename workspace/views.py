"""The workspace's page and its fragments: each view reads its input, calls one service and renders.
Not for rules: services refuse, and `attempt` turns a refusal into words.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET, require_POST

from jobs.models import Job, Preset
from jobs.presets import words_of
from jobs.services import cancel_job, queue_job
from ourvidz import feed
from ourvidz.pages import act_in, after_commit, announce, attempt, is_fragment, signed_in
from workspace import services
from workspace.cards import cards_of
from workspace.forms import read_spec
from workspace.models import WorkspaceItem, WorkspaceSession
from workspace.pages import (
    batch_context,
    batches_context,
    loaded_in,
    page_context,
    title_context,
)

MOST_AT_ONCE = 200
UNKNOWN_SHOWN = 8


@gzip_page
@signed_in
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """The session that was used last; a first one is made for a newcomer."""
    session = services.active_session(user=request.user)
    _enter(request, session)
    return render(request, "workspace/home.html", page_context(request, session))


@gzip_page
@signed_in
@require_GET
def session(request: HttpRequest, session_id: uuid.UUID) -> HttpResponse:
    """A certain session, which becomes the active one."""
    found = _session(request, session_id)
    _enter(request, found)
    return render(request, "workspace/home.html", page_context(request, found))


@signed_in
@require_GET
def title(request: HttpRequest, session_id: uuid.UUID) -> HttpResponse:
    """The head of the page."""
    context = title_context(request, _session(request, session_id))
    return render(request, "workspace/_title.html", context)


@gzip_page
@signed_in
@require_GET
def batches(request: HttpRequest, session_id: uuid.UUID) -> HttpResponse:
    """Rows: certain batches, or a page of them."""
    found = _session(request, session_id)
    if named := request.GET.getlist("batch")[:MOST_AT_ONCE]:
        context = batch_context(found, [batch_id for text in named if (batch_id := id_in(text))])
        return render(request, "workspace/_batches.html", context)
    before = request.GET.get("before", "")
    context = batches_context(found, before=before, loaded=loaded_in(request))
    return render(request, "workspace/_batches.html", context)


@signed_in
@require_GET
def card(request: HttpRequest, item_id: uuid.UUID) -> HttpResponse:
    """One tile as it is now."""
    return _card(request, item_id)


@gzip_page
@signed_in
@require_GET
def cards(request: HttpRequest) -> HttpResponse:
    """Several tiles as they are now, without those that are gone."""
    named = (id_in(text) for text in request.GET.getlist("item")[:MOST_AT_ONCE])
    items = WorkspaceItem.objects.for_user(request.user).present().select_related("job")
    shown = cards_of(items.filter(pk__in=filter(None, named)))
    return render(request, "workspace/_cards.html", {"cards": shown})


@signed_in
@require_GET
def words(request: HttpRequest) -> HttpResponse:
    """Which words of a prompt the preset's model does not know."""
    preset = get_object_or_404(Preset.objects.offered(), slug=request.GET.get("preset", ""))
    unknown = words_of(preset).unknown(request.GET.get("prompt", ""))[:UNKNOWN_SHOWN]
    return render(request, "workspace/_words.html", {"preset": preset, "unknown": unknown})


@signed_in
@require_POST
def generate(request: HttpRequest) -> HttpResponse:
    """Queue what the dock asks for; the answer is the new row."""

    def act() -> HttpResponse:
        room = room_named(request)
        jobs = queue_job(user=request.user, spec=read_spec(request.POST, room.pk))
        return row_of(request, room, jobs[0].batch_id)

    return attempt(request, act)


@signed_in
@require_POST
def create(request: HttpRequest) -> HttpResponse:
    """Make another session and go there."""
    name = request.POST.get("session_name", "").strip() or _("New session")
    made = services.create_workspace_session(user=request.user, session_name=name)
    return redirect("workspace:session", made.pk)


@signed_in
@require_POST
def rename(request: HttpRequest, session_id: uuid.UUID) -> HttpResponse:
    """Give the session another name."""

    def act() -> HttpResponse:
        name = request.POST.get("session_name", "")
        found = services.rename_session(user=request.user, session_id=session_id, session_name=name)
        if not is_fragment(request):
            return redirect("workspace:session", session_id)
        return render(request, "workspace/_title.html", title_context(request, found))

    return attempt(request, act)


@signed_in
@require_POST
def clear(request: HttpRequest, session_id: uuid.UUID) -> HttpResponse:
    """Empty the session; saved media stay."""

    def act() -> HttpResponse:
        services.clear_workspace_session(user=request.user, session_id=session_id)
        undo = reverse("workspace:restore-session", args=[session_id])
        return announce(HttpResponse(), toast_undo={"text": _("Session cleared."), "url": undo})

    return attempt(request, act)


@signed_in
@require_POST
def restore_session(request: HttpRequest, session_id: uuid.UUID) -> HttpResponse:
    """Undo the clearing, or the deletion: then the page goes back there."""

    def act() -> HttpResponse:
        here = WorkspaceSession.objects.for_user(request.user).present().filter(pk=session_id)
        was_deleted = not here.exists()
        services.restore_session(user=request.user, session_id=session_id)
        back = {"HX-Redirect": reverse("workspace:session", args=[session_id])}
        return HttpResponse(status=204, headers=back if was_deleted else {})

    return attempt(request, act)


@signed_in
@require_POST
def save(request: HttpRequest, item_id: uuid.UUID) -> HttpResponse:
    """Keep an item in the library, with a way back."""

    def act() -> HttpResponse:
        _save(request, [item_id])
        undo = {"text": _("Saved."), "url": reverse("workspace:unsave", args=[item_id])}
        return announce(_card(request, item_id), toast_undo=undo)

    return attempt(request, act)


@signed_in
@require_POST
def unsave(request: HttpRequest, item_id: uuid.UUID) -> HttpResponse:
    """Undo the saving."""

    def act() -> HttpResponse:
        services.unsave_items(user=request.user, item_ids=[item_id])
        return HttpResponse(status=204)

    return attempt(request, act)


@signed_in
@require_POST
def delete(request: HttpRequest, item_id: uuid.UUID) -> HttpResponse:
    """Remove an item from the session, with a way back."""

    def act() -> HttpResponse:
        services.delete_item(user=request.user, item_id=item_id)
        undo = reverse("workspace:restore", args=[item_id])
        return announce(HttpResponse(), toast_undo={"text": _("Deleted."), "url": undo})

    return attempt(request, act)


@signed_in
@require_POST
def restore(request: HttpRequest, item_id: uuid.UUID) -> HttpResponse:
    """Undo the deletion."""

    def act() -> HttpResponse:
        services.restore_item(user=request.user, item_id=item_id)
        return HttpResponse(status=204)

    return attempt(request, act)


@signed_in
@require_POST
def many(request: HttpRequest) -> HttpResponse:
    """Save or delete several items, all or none."""

    def act() -> HttpResponse:
        items = named_items(request.POST)
        if act_in(request, "save", "delete") == "save":
            saved = _save(request, items)
            return _undoable(_("Saved."), "workspace:unsave-many", saved)
        for item_id in items:
            services.delete_item(user=request.user, item_id=item_id)
        return _undoable(_("Deleted."), "workspace:restore-many", items)

    return attempt(request, act)


@signed_in
@require_POST
def restore_many(request: HttpRequest) -> HttpResponse:
    """Undo the deletion of several."""

    def act() -> HttpResponse:
        services.restore_items(user=request.user, item_ids=named_items(request.GET))
        return HttpResponse(status=204)

    return attempt(request, act)


@signed_in
@require_POST
def unsave_many(request: HttpRequest) -> HttpResponse:
    """Undo the saving of several."""

    def act() -> HttpResponse:
        services.unsave_items(user=request.user, item_ids=named_items(request.GET))
        return HttpResponse(status=204)

    return attempt(request, act)


@signed_in
@require_POST
def cancel(request: HttpRequest, item_id: uuid.UUID) -> HttpResponse:
    """Stop making an item: at once where it waits, at the next step where it runs."""

    def act() -> HttpResponse:
        item = services.own_item(request.user, item_id)
        if item.job_id:
            cancel_job(user=request.user, job_id=item.job_id)
        return _card(request, item_id)

    return attempt(request, act)


@signed_in
@require_POST
def regenerate(request: HttpRequest, item_id: uuid.UUID) -> HttpResponse:
    """Make it again with another seed; the new row stands beside the old one."""
    return _once_more(request, item_id, services.regenerate_item)


@signed_in
@require_POST
def retry(request: HttpRequest, item_id: uuid.UUID) -> HttpResponse:
    """Make it again with the same seed, in place of what failed."""
    return _once_more(request, item_id, services.retry_item)


@signed_in
@require_POST
def retry_batch(request: HttpRequest, batch_id: uuid.UUID) -> HttpResponse:
    """Make all of a row again that failed or was canceled, with the same seeds."""

    def act() -> HttpResponse:
        jobs = services.retry_batch(user=request.user, batch_id=batch_id)
        room = _session(request, jobs[0].workspace_session_id)
        return row_of(request, room, *{job.batch_id for job in jobs})

    return attempt(request, act)


def room_named(request: HttpRequest) -> WorkspaceSession:
    """The session that the form names; the active one where a form elsewhere names none, and one
    like it where it was deleted in another tab or on another device.
    """
    named = request.POST.get("session", "")
    if not named:
        return services.active_session(user=request.user)
    return services.session_again(user=request.user, session_id=id_in(named))


def _save(request: HttpRequest, items: list[uuid.UUID]) -> list[uuid.UUID]:
    """Keep items, in the project that the dock names; return those that were not kept before."""
    project_id = id_in(request.POST.get("project", ""))
    mine: Any = WorkspaceItem.objects.for_user(request.user)
    before = set(mine.filter(pk__in=items, media__isnull=False).values_list("pk", flat=True))
    for item_id in items:
        services.save_workspace_item_to_library(
            user=request.user, item_id=item_id, project_id=project_id
        )
    return [item_id for item_id in items if item_id not in before]


def _undoable(text: str, way_back: str, items: list[uuid.UUID]) -> HttpResponse:
    """Answer what was done to several, with its way back where there is one."""
    if not items:
        return HttpResponse(status=204)
    url = f"{reverse(way_back)}?items={','.join(map(str, items))}"
    return announce(HttpResponse(), toast_undo={"text": text, "url": url})


def _enter(request: HttpRequest, room: WorkspaceSession) -> None:
    """Somebody is in the session: it is the active one, and what is in it stays longer.

    The page knows of the switch that it makes itself, and need not fetch anything because of it.
    """
    if room.is_active:
        services.use_session(room)
        return
    services.activate_session(user=room.user_id, session_id=room.pk)
    feed.settle()
    request.feed_head = feed.head(room.user_id)  # type: ignore[attr-defined]


def _once_more(
    request: HttpRequest, item_id: uuid.UUID, make: Callable[..., list[Job]]
) -> HttpResponse:
    def act() -> HttpResponse:
        room = services.own_item(request.user, item_id).session
        jobs = make(user=request.user, item_id=item_id)
        return row_of(request, room, jobs[0].batch_id)

    return attempt(request, act)


def row_of(request: HttpRequest, room: WorkspaceSession, *batch_ids: uuid.UUID) -> HttpResponse:
    """The row of each batch; the page of its session to a form that was sent without scripts."""
    if not is_fragment(request):
        return redirect("workspace:session", room.pk)

    def draw() -> HttpResponse:
        answer = render(request, "workspace/_batches.html", batch_context(room, batch_ids))
        if request.POST.get("session", str(room.pk)) == str(room.pk):
            return answer
        return announce(answer, session_gone={"go": reverse("workspace:session", args=[room.pk])})

    return after_commit(draw)


def _card(request: HttpRequest, item_id: uuid.UUID) -> HttpResponse:
    shown = cards_of([_item(request, item_id)])[0]
    return render(request, "workspace/_item_card.html", {"card": shown})


def _item(request: HttpRequest, item_id: uuid.UUID) -> WorkspaceItem:
    items = WorkspaceItem.objects.for_user(request.user).present().select_related("job")
    return get_object_or_404(items, pk=item_id)


def _session(request: HttpRequest, session_id: uuid.UUID | None) -> WorkspaceSession:
    sessions = WorkspaceSession.objects.for_user(request.user).present()
    return get_object_or_404(sessions, pk=session_id)


def named_items(data: QueryDict) -> list[uuid.UUID]:
    """The ids of a list with commas; what is no id is left out."""
    found = (id_in(text) for text in str(data.get("items", "")).split(",")[:MOST_AT_ONCE])
    return [item_id for item_id in found if item_id]


def id_in(text: str) -> uuid.UUID | None:
    """The id that a text is, or None."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
