"""Sends what is due: takes a few messages, at most two of one webhook, sends them side by side
with nothing held, and writes down how each went. A receiver that is slow or away costs others no
more than one round. Runs as the service, in one control worker at a time. Not for what is told.

What a killed worker had in hand is sent again: a message may come twice, always with the same id.
"""

from __future__ import annotations

import json
import random
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from jobs.webhook_models import Webhook, WebhookDelivery
from jobs.webhooks import sending, signing
from jobs.webhooks.services import give_up_waiting
from ourvidz.rows import as_service

AT_ONCE, OF_ONE = 16, 2
# A message in hand is nobody else's for so long.
HELD = timedelta(seconds=60)
ROUND_SECONDS = 40.0
FIRST_PAUSE, FACTOR, LONGEST_PAUSE = 5.0, 4.0, 4 * 3600.0
JITTER = 0.2
KEPT = timedelta(days=30)
GONE = 410

DUE = """
    SELECT id FROM (
        SELECT id, next_attempt_at,
            row_number() OVER (PARTITION BY webhook_id ORDER BY next_attempt_at, id) AS nth
        FROM webhook_deliveries WHERE status = 'pending' AND next_attempt_at <= %s
    ) AS due WHERE nth <= %s ORDER BY nth, next_attempt_at LIMIT %s
"""


@dataclass(frozen=True)
class Parcel:
    """A message that is ready to be sent."""

    delivery_id: uuid.UUID
    url: str
    headers: list[tuple[str, str]]
    body: bytes


def send_due() -> int:
    """Send until nothing is due or the round's time is over; returns how many were sent."""
    count, deadline = 0, time.monotonic() + ROUND_SECONDS
    with ThreadPoolExecutor(AT_ONCE) as threads:
        while time.monotonic() < deadline and (parcels := take_due()):
            results = threads.map(_send, parcels)
            for parcel, result in zip(parcels, results, strict=True):
                note_result(delivery_id=parcel.delivery_id, result=result)
            count += len(parcels)
    return count


def take_due(*, now: datetime | None = None) -> list[Parcel]:
    """Take messages that are due in hand, and return them signed."""
    now = now or timezone.now()
    with as_service("webhooks"):
        ids = _due_ids(now)
        rows = WebhookDelivery.objects.filter(
            pk__in=ids, status="pending", next_attempt_at__lte=now
        )
        taken = list(
            rows.select_related("webhook").select_for_update(skip_locked=True, of=("self",))
        )
        for delivery in taken:
            delivery.attempts += 1
            delivery.next_attempt_at = now + HELD
        WebhookDelivery.objects.bulk_update(taken, ["attempts", "next_attempt_at"])
        return [_parcel(delivery, now) for delivery in taken]


def note_result(
    *, delivery_id: uuid.UUID, result: sending.Result, now: datetime | None = None
) -> None:
    """Write down how an attempt went: delivered, tried again later, or given up."""
    now = now or timezone.now()
    with as_service("webhooks"), transaction.atomic():
        rows = WebhookDelivery.objects.select_for_update(of=("self",)).select_related("webhook")
        delivery = rows.filter(pk=delivery_id).first()
        # Deleted, or ended by whoever switched the webhook off, while it was on its way.
        if delivery is None or delivery.status != WebhookDelivery.Status.PENDING:
            return
        delivery.log = [*delivery.log, _line(result, now)]
        _decide(delivery, result, now)
        delivery.save(update_fields=["log", "status", "next_attempt_at", "delivered_at"])
        if result.status == GONE:
            _switch_off(delivery.webhook)


def forget_old(*, now: datetime | None = None) -> int:
    """Delete the log of what is over for a month. Runs as the service."""
    old = WebhookDelivery.objects.filter(created_at__lt=(now or timezone.now()) - KEPT)
    return old.exclude(status=WebhookDelivery.Status.PENDING).delete()[0]


def pause(attempts: int) -> float:
    """Return the seconds until the next attempt after so many: 5 s, 20 s, 80 s, … up to 4 h, each
    a fifth longer or shorter, so that receivers that come back are not met by all at once.
    """
    plain = min(LONGEST_PAUSE, FIRST_PAUSE * FACTOR ** min(attempts - 1, 8))
    return plain * random.uniform(1 - JITTER, 1 + JITTER)


def _due_ids(now: datetime) -> list[uuid.UUID]:
    with connection.cursor() as cursor:
        cursor.execute(DUE, [now, OF_ONE, AT_ONCE])
        return [row[0] for row in cursor.fetchall()]


def _send(parcel: Parcel) -> sending.Result:
    return sending.post(parcel.url, parcel.headers, parcel.body)


def _parcel(delivery: WebhookDelivery, now: datetime) -> Parcel:
    body = json.dumps(delivery.payload, separators=(",", ":"), sort_keys=True).encode()
    headers = signing.headers(
        _keys(delivery.webhook, now), f"msg_{delivery.pk}", int(now.timestamp()), body
    )
    return Parcel(delivery.pk, delivery.webhook.url, headers, body)


def _keys(webhook: Webhook, now: datetime) -> list[str]:
    """The newest secret, and the one before while it is in rotation."""
    older = webhook.previous_until is not None and now < webhook.previous_until
    return [webhook.secret, webhook.previous_secret] if older else [webhook.secret]


def _decide(delivery: WebhookDelivery, result: sending.Result, now: datetime) -> None:
    again = now + timedelta(seconds=pause(delivery.attempts))
    if result.accepted:
        delivery.status = WebhookDelivery.Status.DELIVERED
        delivery.delivered_at, delivery.next_attempt_at = now, None
    elif result.status == GONE or again > delivery.give_up_at:
        delivery.status, delivery.next_attempt_at = WebhookDelivery.Status.FAILED, None
    else:
        delivery.next_attempt_at = again


def _line(result: sending.Result, now: datetime) -> dict[str, object]:
    told = {"at": now.isoformat(), "status": result.status, "error": result.error}
    return told | {"seconds": result.seconds}


def _switch_off(webhook: Webhook) -> None:
    webhook.is_active, webhook.disabled_reason = False, "webhook_gone"
    webhook.save(update_fields=["is_active", "disabled_reason"])
    give_up_waiting(webhook)
