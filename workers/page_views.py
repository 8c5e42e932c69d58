"""The operators' page of workers: how each one is, what it makes, how fast it was and what became
of it, and switching it off and on. Not for making one: `manage.py worker_token` does.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from jobs.model_views import staff_only
from jobs.models import Job
from ourvidz.pages import is_fragment
from ourvidz.rows import as_service
from workers import history, services
from workers.models import WorkerEvent, WorkerUrl

Status = WorkerUrl.Status

ACTIONS = {"enable": Status.ACTIVE, "drain": Status.DRAINING, "disable": Status.DISABLED}
# Why a worker took a state; codes of failures are shown as they are.
REASONS: dict[str, Promise] = {
    "registered": _("it started"),
    "heard_again": _("it was heard again"),
    "answered": _("it answered"),
    "stopping": _("it was stopped"),
    "silent": _("nothing was heard of it"),
    "operator": _("an operator said so"),
    "quarantine_over": _("its quarantine is over"),
    "worker_crashed": _("it crashed over job after job"),
}


@dataclass(frozen=True)
class Shown:
    """A worker on the page; `events` and `jobs` only where its history is asked for."""

    worker: WorkerUrl
    speed: history.Speed
    job: Job | None = None
    events: list[tuple[WorkerEvent, Any]] | None = None
    jobs: list[Job] | None = None

    @property
    def can(self) -> list[str]:
        """What an operator may do with it now."""
        if self.worker.status in (Status.DISABLED, Status.DRAINING):
            return ["enable"]
        if self.worker.status in (Status.GONE, Status.NEW):
            # It has nothing in hand that it could finish.
            return ["disable"]
        return [
            *(["enable"] if self.worker.status == Status.QUARANTINED else []),
            "drain",
            "disable",
        ]


@staff_only
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """All workers; only their list for a script."""
    template = "workers/_list.html" if is_fragment(request) else "workers/home.html"
    return render(request, template, {"workers": _all()})


@staff_only
@require_GET
def worker(request: HttpRequest, worker_id: uuid.UUID) -> HttpResponse:
    """One worker with its history: a page, or its row for a script."""
    shown = _one(worker_id)
    template = "workers/_worker.html" if is_fragment(request) else "workers/worker.html"
    return render(request, template, {"shown": shown})


@staff_only
@require_POST
def act(request: HttpRequest, worker_id: uuid.UUID, action: str) -> HttpResponse:
    """Switch a worker off or on, or let it finish; the answer is its row."""
    if action not in ACTIONS:
        raise Http404
    with as_service("operator"):
        services.set_worker_status(worker_id=worker_id, status=ACTIONS[action])
    if not is_fragment(request):
        return redirect("workers")
    return render(request, "workers/_worker.html", {"shown": _one(worker_id)})


def _all() -> list[Shown]:
    with as_service("operator"):
        found = list(WorkerUrl.objects.order_by("name"))
        speeds = history.speeds([one.pk for one in found])
        jobs = Job.objects.only("preset_slug", "attempt", "started_at").in_bulk(
            [one.current_job_id for one in found if one.current_job_id]
        )
    none = history.Speed()
    return [
        Shown(
            one,
            speeds.get(one.pk, none),
            jobs.get(one.current_job_id) if one.current_job_id else None,
        )
        for one in found
    ]


def _one(worker_id: uuid.UUID) -> Shown:
    with as_service("operator"):
        found = WorkerUrl.objects.filter(pk=worker_id).first()
        if found is None:
            raise Http404
        job = Job.objects.filter(pk=found.current_job_id).first() if found.current_job_id else None
        events = [
            (each, REASONS.get(each.reason, each.reason)) for each in history.events(found.pk)
        ]
        speed = history.speeds([found.pk]).get(found.pk, history.Speed())
        return Shown(found, speed, job, events, history.recent_jobs(found.pk))
