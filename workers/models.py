"""The registry of workers: who they are, what they can do, when they were last heard of. Not for
the GPU process itself, which has no database.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ourvidz.models import Row


class WorkerQuerySet(models.QuerySet["WorkerUrl"]):
    def alive(self) -> WorkerQuerySet:
        """Return the workers that may claim."""
        return self.filter(status=WorkerUrl.Status.ACTIVE)


class WorkerUrl(Row):
    """A worker: the seed's `worker_urls`. Its token is kept as a digest only."""

    class Kind(models.TextChoices):
        GPU = "gpu", _("GPU")
        CHAT = "chat", _("Chat")

    class Status(models.TextChoices):
        NEW = "new", _("Never seen")
        ACTIVE = "active", _("Active")
        DRAINING = "draining", _("Draining")
        UNHEALTHY = "unhealthy", _("Unhealthy")
        GONE = "gone", _("Gone")
        DISABLED = "disabled", _("Disabled")

    name = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.GPU)
    url = models.TextField(blank=True)
    token_digest = models.CharField(max_length=64, unique=True, editable=False)
    token_expires_at = models.DateTimeField(null=True, blank=True)
    queues = ArrayField(models.CharField(max_length=32), default=list, blank=True)
    presets = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    sources = ArrayField(
        models.CharField(max_length=200),
        default=list,
        blank=True,
        help_text=_("Models on its disk."),
    )
    device = models.CharField(max_length=120, blank=True)
    memory_bytes = models.BigIntegerField(null=True, blank=True)
    version = models.CharField(max_length=32, blank=True)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.NEW)
    loaded_preset = models.CharField(max_length=64, blank=True)
    current_job_id = models.UUIDField(null=True, blank=True)
    last_heartbeat_at = models.DateTimeField(null=True, blank=True)

    objects = WorkerQuerySet.as_manager()

    class Meta:
        db_table = "worker_urls"
        verbose_name = _("worker")
        constraints = [
            models.CheckConstraint(
                name="worker_urls_kind_known", condition=Q(kind__in=["gpu", "chat"])
            ),
        ]
        indexes = [models.Index(fields=["status", "last_heartbeat_at"], name="workers_health")]

    def __str__(self) -> str:
        return self.name
