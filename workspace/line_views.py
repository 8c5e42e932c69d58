"""A person's own line: the panel, and what is done with waiting jobs from there, from their cards
and from their rows. Not for rules: services refuse; nor for what already runs: see views.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jobs import own_line
from jobs.models import Job
from jobs.services import cancel_batch, cancel_job, offered_preset
from ourvidz.errors import Refused
from ourvidz.pages import act_in, attempt, is_fragment, signed_in
from workspace.cards import cards_of
from workspace.changing import ChangeForm, read_change
from workspace.line import line_context
from workspace.models import WorkspaceItem
from workspace.pages import batch_context
from workspace.views import id_in

SHIFTS = ("first", "earlier", "later", "last")


@gzip_page
@signed_in
@require_GET
def line(request: HttpRequest) -> HttpResponse:
    """Everything of this person's that waits; the panel alone where a script asks."""
    return _line(request)


@signed_in
@require_POST
def act(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """Do with one waiting job what `act` says; the answer is its card, or the panel."""

    def do() -> HttpResponse:
        _do(request, job_id)
        if not is_fragment(request):
            return redirect("workspace:line")
        return _card(request, job_id) if request.POST.get("answer") == "card" else _line(request)

    return attempt(request, do)


@signed_in
@require_POST
def act_on_batch(request: HttpRequest, batch_id: uuid.UUID) -> HttpResponse:
    """Pause, resume or cancel all that waits of a row; the answer is the row."""

    def do() -> HttpResponse:
        wanted = act_in(request, "pause", "resume", "cancel")
        if wanted == "cancel":
            cancel_batch(user=request.user, batch_id=batch_id)
        else:
            change = own_line.resume_jobs if wanted == "resume" else own_line.pause_jobs
            ids = own_line.jobs_of_batch(user=request.user, batch_id=batch_id)
            change(user=request.user, job_ids=ids)
        item = _items(request).filter(batch_id=batch_id).select_related("session").first()
        if item is None:
            return HttpResponse()
        context = batch_context(item.session, [batch_id])
        return render(request, "workspace/_batches.html", context)

    return attempt(request, do)


@signed_in
@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """The form that changes a waiting job; what is refused comes back beside its field."""

    def show() -> HttpResponse:
        job = _waiting(request, job_id)
        form = ChangeForm(job, offered_preset(job.preset_slug))
        return render(request, "workspace/_change.html", {"form": form})

    if request.method == "GET":
        return attempt(request, show)
    return attempt(request, lambda: _change(request, job_id))


def _change(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    job = _waiting(request, job_id)
    preset = offered_preset(job.preset_slug)
    try:
        wanted = read_change(request.POST, preset)
        own_line.edit_job(user=request.user, job_id=job_id, **wanted)
    except Refused as refused:
        form = ChangeForm(job, preset, request.POST, refused)  # type: ignore[arg-type]
        return render(request, "workspace/_change.html", {"form": form}, status=refused.status)
    return HttpResponse(status=204)


def _do(request: HttpRequest, job_id: uuid.UUID) -> None:
    named: dict[str, Any] = {"user": request.user, "job_id": job_id}
    wanted = act_in(request, "pause", "resume", "cancel", "before", *SHIFTS)
    if wanted in SHIFTS:
        own_line.shift_job(**named, to=wanted)
    elif wanted == "before":
        own_line.move_job(**named, before=id_in(request.POST.get("before", "")))
    elif wanted == "cancel":
        cancel_job(**named)
    else:
        _waiting(request, job_id)
        change = own_line.resume_jobs if wanted == "resume" else own_line.pause_jobs
        change(user=request.user, job_ids=[job_id])


def _waiting(request: HttpRequest, job_id: uuid.UUID) -> Job:
    job = get_object_or_404(Job.objects.for_user(request.user), pk=job_id)
    if job.status != Job.Status.QUEUED:
        raise Refused("job_not_waiting")
    return job


def _line(request: HttpRequest) -> HttpResponse:
    given = request.GET.get("shown", "") or request.POST.get("shown", "")
    shown = int(given) if given.isdecimal() and len(given) < 5 else 0
    template = "workspace/_line.html" if is_fragment(request) else "workspace/line.html"
    return render(request, template, line_context(request.user, shown))


def _card(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    item = get_object_or_404(_items(request), job_id=job_id)
    return render(request, "workspace/_item_card.html", {"card": cards_of([item])[0]})


def _items(request: HttpRequest) -> Any:
    return WorkspaceItem.objects.for_user(request.user).present().select_related("job")
