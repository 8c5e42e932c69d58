"""The account's page of webhooks: making one, its secret, what it was told. Not for the API, which
has the same actions.
"""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from jobs.webhook_models import Event, Webhook, WebhookDelivery
from jobs.webhooks import services
from jobs.webhooks.serializers import with_words
from ourvidz.errors import Refused, sentence
from ourvidz.pages import form_of, signed_in

SHOWN = 20


class WebhookForm(forms.Form):
    """A new webhook. Its rules are the service's."""

    url = forms.CharField(
        label=_("Address"),
        max_length=2000,
        widget=forms.URLInput(attrs={"placeholder": "https://", "autocomplete": "off"}),
    )
    description = forms.CharField(label=_("Description"), max_length=120, required=False)
    events = forms.MultipleChoiceField(
        label=_("It hears"), choices=Event.choices, initial=Event.values
    )


@signed_in
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """The whole page."""
    return _page(request)


@signed_in
@form_of("webhooks:home")
@never_cache
def create(request: HttpRequest) -> HttpResponse:
    """Make a webhook. Its secret is in this answer, and never again."""
    form = WebhookForm(request.POST)
    if not form.is_valid():
        return _page(request, status=422, form=form)
    try:
        made = services.create_webhook(user=request.user, **form.cleaned_data)
    except Refused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        return _page(request, status=422, form=form)
    return _page(request, new=made)


@signed_in
@form_of("webhooks:home")
@never_cache
def act(request: HttpRequest, webhook_id: uuid.UUID, action: str) -> HttpResponse:
    """Try a webhook, rotate its secret, switch it on or off, or delete it."""
    which: dict[str, Any] = {"user": request.user, "webhook_id": webhook_id}
    try:
        if action == "rotate":
            return _page(request, new=services.rotate_secret(**which))
        _do(action, which)
    except Refused as refused:
        return _page(request, status=refused.status, refused=str(refused))
    return _back_to(webhook_id)


@signed_in
@form_of("webhooks:home")
def redeliver(request: HttpRequest, webhook_id: uuid.UUID, delivery_id: uuid.UUID) -> HttpResponse:
    """Send a message once more."""
    try:
        services.redeliver(user=request.user, webhook_id=webhook_id, delivery_id=delivery_id)
    except Refused as refused:
        return _page(request, status=refused.status, refused=str(refused))
    return _back_to(webhook_id)


def _back_to(webhook_id: uuid.UUID) -> HttpResponse:
    """Go back to the page at the webhook that something was done with."""
    return redirect(f"{reverse('webhooks:home')}#webhook-{webhook_id}")


def _do(action: str, which: dict[str, Any]) -> None:
    if action == "test":
        services.send_test(**which)
    elif action == "delete":
        services.delete_webhook(**which)
    elif action in ("on", "off"):
        services.update_webhook(**which, is_active=action == "on")
    else:
        raise Http404


def _page(request: HttpRequest, status: int = 200, **context: Any) -> HttpResponse:
    """Render the page. A form in the context stands in the place of a fresh one."""
    mine = Webhook.objects.for_user(request.user)
    webhooks: list[Any] = list(mine.order_by("-created_at", "-id"))
    for webhook in webhooks:
        webhook.told = _told(request, webhook)
        webhook.why_off = sentence(webhook.disabled_reason) if webhook.disabled_reason else ""
    context = {"form": WebhookForm(), "webhooks": webhooks, **context}
    return render(request, "jobs/webhooks.html", context, status=status)


def _told(request: HttpRequest, webhook: Webhook) -> list[Any]:
    """The latest messages, each with what came of its last attempt."""
    mine = WebhookDelivery.objects.for_user(request.user).filter(webhook=webhook)
    found: list[Any] = list(mine.order_by("-created_at", "-id")[:SHOWN])
    for delivery in found:
        delivery.last = with_words(delivery.log[-1]) if delivery.log else None
    return found
