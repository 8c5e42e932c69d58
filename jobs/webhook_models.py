"""A person's webhooks, and the outbox of what is to be told. Not for sending: see webhooks/."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ourvidz.models import PrivateQuerySet, PrivateRow


class Event(models.TextChoices):
    """What can be heard."""

    SUCCEEDED = "job.succeeded", _("A job succeeded")
    FAILED = "job.failed", _("A job failed")
    CANCELED = "job.canceled", _("A job was canceled")


# Sent by hand, to try a webhook.
TEST_EVENT = "webhook.test"


class Webhook(PrivateRow):
    """An address of a person's that hears of the ends of jobs."""

    url = models.URLField(max_length=2000)
    description = models.CharField(max_length=120, blank=True)
    events = ArrayField(models.CharField(max_length=32, choices=Event.choices), default=list)
    secret = models.CharField(max_length=80, editable=False)
    # In rotation both sign, until the older one's time is over.
    previous_secret = models.CharField(max_length=80, blank=True, editable=False)
    previous_until = models.DateTimeField(null=True, blank=True)
    is_active = models.BooleanField(default=True)
    disabled_reason = models.CharField(max_length=64, blank=True)

    objects = PrivateQuerySet.as_manager()

    class Meta:
        app_label = "jobs"
        db_table = "webhooks"
        indexes = [models.Index(fields=["user", "-created_at", "-id"], name="webhooks_newest")]

    def __str__(self) -> str:
        return self.url


class WebhookDelivery(PrivateRow):
    """One message to one webhook, with every attempt. Written with the job's end, in the same
    transaction; its id is the message's, however often it is sent.
    """

    class Status(models.TextChoices):
        PENDING = "pending", _("Pending")
        DELIVERED = "delivered", _("Delivered")
        FAILED = "failed", _("Given up")

    webhook = models.ForeignKey(Webhook, models.CASCADE, related_name="deliveries")
    event = models.CharField(max_length=32)
    job_id = models.UUIDField(null=True, blank=True)
    payload = models.JSONField(default=dict)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    give_up_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True, blank=True)
    # Each attempt: [{at, status, error, seconds}].
    log = models.JSONField(default=list)

    objects = PrivateQuerySet.as_manager()

    class Meta:
        app_label = "jobs"
        db_table = "webhook_deliveries"
        verbose_name_plural = "webhook deliveries"
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                name="webhook_deliveries_due",
                condition=Q(status="pending"),
            ),
            models.Index(
                fields=["webhook", "-created_at", "-id"], name="webhook_deliveries_newest"
            ),
            models.Index(fields=["created_at"], name="webhook_deliveries_old"),
        ]

    def __str__(self) -> str:
        return f"{self.event} ({self.status})"
