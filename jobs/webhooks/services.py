"""Writes about webhooks: a person makes, changes, rotates, tries and deletes them, and each job's
end is put into the outbox of those that hear it. Not for sending: see outbox.py.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import dramatiq
from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from jobs.models import Job
from jobs.webhook_models import TEST_EVENT, Event, Webhook, WebhookDelivery
from jobs.webhooks import guard, signing
from ourvidz.errors import Refused, sentence

QUEUE, ACTOR = "control", "send_webhooks"
MOST = 10
DESCRIPTION_LIMIT = 120
# How long the older secret still signs after a rotation, and how long a message is tried.
ROTATION = timedelta(hours=24)
TRIED_FOR = timedelta(hours=24)
SWITCHED_OFF = "webhook_off"
# Nobody deletes them until what they are to be told is written: a message without its webhook
# would undo the end of the job.
HEARING = f"""
    SELECT * FROM "{Webhook._meta.db_table}" WHERE user_id = ANY(%s::uuid[]) AND is_active
    ORDER BY id FOR KEY SHARE
"""


def create_webhook(
    *, user: Any, url: str, events: Sequence[str] = (), description: str = ""
) -> Webhook:
    """Make a webhook; without events it hears all. Its `secret` is for its owner. Raises
    Refused.
    """
    with transaction.atomic():
        if Webhook.objects.for_user(user).count() >= MOST:
            raise Refused("webhooks_many", limit=MOST)
        return Webhook.objects.create(
            user=user,
            url=guard.checked_url(url.strip()),
            events=_events(events),
            description=_description(description),
            secret=signing.new_secret(),
        )


def update_webhook(*, user: Any, webhook_id: uuid.UUID, **changes: Any) -> Webhook:
    """Change url, events, description or is_active. Switched off, it forgets what waits. Raises
    Refused.
    """
    checks = {"url": guard.checked_url, "events": _events, "description": _description}
    with transaction.atomic():
        webhook = _mine(user, webhook_id)
        for name, value in changes.items():
            setattr(webhook, name, checks.get(name, bool)(value))
        if webhook.is_active:
            webhook.disabled_reason = ""
        else:
            give_up_waiting(webhook)
        webhook.save(update_fields=[*changes, "disabled_reason"])
    return webhook


def rotate_secret(*, user: Any, webhook_id: uuid.UUID) -> Webhook:
    """Make a new secret; for a day both sign. Raises Refused('not_found')."""
    with transaction.atomic():
        webhook = _mine(user, webhook_id)
        webhook.previous_secret, webhook.secret = webhook.secret, signing.new_secret()
        webhook.previous_until = timezone.now() + ROTATION
        webhook.save(update_fields=["secret", "previous_secret", "previous_until"])
    return webhook


def delete_webhook(*, user: Any, webhook_id: uuid.UUID) -> None:
    """Delete a webhook with its log. Raises Refused('not_found')."""
    with transaction.atomic():
        _mine(user, webhook_id).delete()


def send_test(*, user: Any, webhook_id: uuid.UUID) -> WebhookDelivery:
    """Send a message that tells of nothing. Raises Refused."""
    with transaction.atomic():
        webhook = _mine(user, webhook_id)
        if not webhook.is_active:
            raise Refused(SWITCHED_OFF)
        payload = _message(TEST_EVENT, timezone.now(), {"webhook_id": str(webhook.pk)})
        delivery = _delivery(webhook, TEST_EVENT, payload)
        delivery.save(force_insert=True)
        transaction.on_commit(ring, robust=True)
    return delivery


def redeliver(*, user: Any, webhook_id: uuid.UUID, delivery_id: uuid.UUID) -> WebhookDelivery:
    """Send a message once more, with the same id, so that a receiver knows it. Raises Refused."""
    with transaction.atomic():
        if not _mine(user, webhook_id).is_active:
            raise Refused(SWITCHED_OFF)
        mine = WebhookDelivery.objects.for_user(user).filter(webhook_id=webhook_id)
        delivery = mine.select_for_update().filter(pk=delivery_id).first()
        if delivery is None:
            raise Refused("not_found")
        now = timezone.now()
        delivery.status = WebhookDelivery.Status.PENDING
        delivery.attempts = 0
        delivery.next_attempt_at, delivery.give_up_at = now, now + TRIED_FOR
        delivery.save(update_fields=["status", "attempts", "next_attempt_at", "give_up_at"])
        transaction.on_commit(ring, robust=True)
    return delivery


def note_ends(jobs: Sequence[Job]) -> None:
    """Put the ends of jobs into the outbox of each webhook that hears them, in the transaction that
    ends them."""
    webhooks = list(Webhook.objects.raw(HEARING, [[job.user_id for job in jobs]]))
    noted = [
        _delivery(webhook, event, _message(event, _ended_at(job), _facts(job)), job.pk)
        for job in jobs
        for webhook in webhooks
        if webhook.user_id == job.user_id and (event := f"job.{job.status}") in webhook.events
    ]
    if noted:
        WebhookDelivery.objects.bulk_create(noted)
        transaction.on_commit(ring, robust=True)


def give_up_waiting(webhook: Webhook) -> None:
    """End what a webhook that is switched off would still have been told."""
    waiting = WebhookDelivery.objects.filter(webhook=webhook, status="pending")
    waiting.update(status=WebhookDelivery.Status.FAILED, next_attempt_at=None)


def ring() -> None:
    """Wake the control worker. A broker that does not answer is no failure: the round comes."""
    message: dramatiq.Message[None] = dramatiq.Message(
        queue_name=QUEUE, actor_name=ACTOR, args=(), kwargs={}, options={}
    )
    broker = dramatiq.get_broker()
    try:
        broker.declare_queue(QUEUE)
        broker.enqueue(message)
    except (dramatiq.errors.ConnectionError, OSError):
        return


def _delivery(
    webhook: Webhook, event: str, payload: dict[str, Any], job_id: uuid.UUID | None = None
) -> WebhookDelivery:
    now = timezone.now()
    return WebhookDelivery(
        user_id=webhook.user_id,
        webhook=webhook,
        event=event,
        job_id=job_id,
        payload=payload,
        next_attempt_at=now,
        give_up_at=now + TRIED_FOR,
    )


def _ended_at(job: Job) -> datetime:
    return job.finished_at or timezone.now()


def _message(event: str, at: datetime, data: dict[str, Any]) -> dict[str, Any]:
    return {"type": event, "timestamp": at.isoformat(), "data": data}


def _facts(job: Job) -> dict[str, Any]:
    """What a receiver is told: enough to know what ended, and where to read the rest."""
    code = job.failure_code
    return {
        "id": str(job.pk),
        "batch_id": str(job.batch_id),
        "status": job.status,
        "preset": job.preset_slug,
        "destination": job.destination,
        "failure": {"code": code, "detail": sentence(code, job.failure_params)} if code else None,
        "finished_at": job.finished_at.isoformat() if job.finished_at else None,
        "urls": {
            "status": settings.SITE_URL + reverse("api_job", args=[job.pk]),
            "result": settings.SITE_URL + reverse("api_job_result", args=[job.pk]),
        },
    }


def _mine(user: Any, webhook_id: uuid.UUID) -> Webhook:
    found = Webhook.objects.for_user(user).select_for_update().filter(pk=webhook_id).first()
    if found is None:
        raise Refused("not_found")
    return found


def _events(events: Sequence[str]) -> list[str]:
    if unknown := set(events) - set(Event.values):
        raise Refused("webhook_event", field="events", event=sorted(unknown)[0])
    return [event for event in Event.values if event in events or not events]


def _description(text: str) -> str:
    text = text.strip()
    if len(text) > DESCRIPTION_LIMIT:
        raise Refused("name_too_long", field="description", limit=DESCRIPTION_LIMIT)
    return text
