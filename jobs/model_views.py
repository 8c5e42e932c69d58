"""The operators' page of models: which can be used here, and fetching or removing one. Not for the
presets' settings, which the admin edits; the API has the same actions.
"""

from __future__ import annotations

import shutil
from functools import wraps
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from jobs import fetching, models_store
from jobs.first_model import first_model
from ourvidz.errors import sentence
from ourvidz.pages import attempt, is_fragment, signed_in
from ourvidz.rows import as_service


def staff_only(view: Any) -> Any:
    """Let operators in; everybody else is refused, or asked to sign in first."""

    @signed_in
    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_staff:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return checked


@staff_only
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """All models; only their list for a script, or one of them."""
    if slug := request.GET.get("model"):
        return _row(request, slug)
    if is_fragment(request):
        return render(request, "jobs/_models.html", {"models": _shown()})
    models_here = settings.MODELS_DIR
    models_here.mkdir(parents=True, exist_ok=True)
    context = {"models": _shown(), "free": shutil.disk_usage(models_here).free}
    return render(request, "jobs/models.html", context | {"folder": models_here})


@staff_only
@require_GET
def offer(request: HttpRequest) -> HttpResponse:
    """What an operator sees in an empty workspace while only starter models are here; or nothing.

    The workspace asks for it once its page stands, since the hub may be slow to answer.
    """
    found = first_model()
    if found is None:
        return HttpResponse("")
    return render(request, "jobs/_offer.html", {"preset": found.preset})


@staff_only
@require_POST
def act(request: HttpRequest, slug: str, action: str) -> HttpResponse:
    """Fetch a model, stop that, or remove it; the answer is its row."""

    if action not in ACTIONS:
        raise Http404

    def do() -> HttpResponse:
        with as_service(f"{action} model"):
            ACTIONS[action](slug=slug)
        if not is_fragment(request):
            return redirect(reverse("models"))
        return _row(request, slug)

    return attempt(request, do)


ACTIONS: dict[str, Any] = {
    "fetch": fetching.start_fetch,
    "stop": fetching.stop_fetch,
    "remove": fetching.remove_model,
}


def _row(request: HttpRequest, slug: str) -> HttpResponse:
    found = [model for model in _shown() if model["state"].preset.slug == slug]
    if not found:
        raise Http404
    return render(request, "jobs/_model.html", {"model": found[0]})


def _shown() -> list[dict[str, Any]]:
    """Each model with how far its fetch is (0 to 100), and why the last one failed."""
    return [_facts(state) for state in models_store.model_states()]


def _facts(state: models_store.ModelState) -> dict[str, Any]:
    progress = state.progress
    percent = round(100 * progress.done / progress.of) if progress and progress.of else 0
    failed = sentence(state.failure["code"], state.failure["params"]) if state.failure else ""
    return {"state": state, "percent": percent, "failed": failed}
