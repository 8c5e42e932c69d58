"""The registry of workers: who they are, what they can do, when they were last heard of; and pools
of machines that grow and shrink with the queue. Not for the GPU process, which has no database.
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
        QUARANTINED = "quarantined", _("Quarantined")
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
    loras = ArrayField(
        models.CharField(max_length=300),
        default=list,
        db_default=[],
        blank=True,
        help_text=_("LoRAs on its disk."),
    )
    device = models.CharField(max_length=120, blank=True)
    memory_bytes = models.BigIntegerField(null=True, blank=True)
    version = models.CharField(max_length=32, blank=True)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.NEW)
    loaded_preset = models.CharField(max_length=64, blank=True)
    at_once = models.PositiveSmallIntegerField(
        default=1, db_default=1, help_text=_("How many alike jobs it last asked for at once.")
    )
    current_job_id = models.UUIDField(null=True, blank=True)
    last_heartbeat_at = models.DateTimeField(null=True, blank=True)
    # Jobs that failed one after the other by the worker's fault; a success empties it.
    failed_jobs = ArrayField(models.UUIDField(), default=list, blank=True, editable=False)
    quarantines = models.PositiveSmallIntegerField(
        default=0, help_text=_("How often in a row it was put into quarantine.")
    )
    quarantined_until = models.DateTimeField(null=True, blank=True)

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


class WorkerEvent(Row):
    """One change of a worker's state, and why: its history."""

    worker = models.ForeignKey(WorkerUrl, models.CASCADE, related_name="events")
    status = models.CharField(max_length=16, choices=WorkerUrl.Status.choices)
    reason = models.CharField(max_length=64, blank=True)

    class Meta:
        db_table = "worker_events"
        indexes = [
            models.Index(fields=["worker", "-created_at"], name="worker_events_newest"),
            models.Index(fields=["created_at"], name="worker_events_old"),
        ]

    def __str__(self) -> str:
        return f"{self.status} {self.reason}".strip()


class WorkerPool(Row):
    """Machines that a provider rents us, as many as the queue needs. Its enrolment token is kept
    as a digest only: whoever carries it gets a worker and a token of its own.
    """

    class Provider(models.TextChoices):
        LOCAL = "local", _("Processes on this machine")
        RUNPOD = "runpod", _("RunPod")
        # It counts by itself: we only say how many are wanted.
        KUBERNETES = "kubernetes", _("Kubernetes (KEDA asks)")

    name = models.SlugField(max_length=40, unique=True)
    provider = models.CharField(max_length=16, choices=Provider.choices)
    is_enabled = models.BooleanField(
        default=False, help_text=_("Off: no machine is started, and all are stopped.")
    )
    queues = ArrayField(
        models.CharField(max_length=32), default=list, help_text=_("Queues that its workers take.")
    )
    minimum = models.PositiveIntegerField(default=0, help_text=_("Machines, even with no work."))
    maximum = models.PositiveIntegerField(default=1, help_text=_("Machines, however much work."))
    target_wait_seconds = models.FloatField(
        default=60, help_text=_("How soon what waits now should be made.")
    )
    idle_seconds = models.FloatField(
        default=300, help_text=_("Machines that are not wanted for so long are stopped.")
    )
    cool_down_seconds = models.FloatField(
        default=60, help_text=_("Between two starts: the first must have had time to help.")
    )
    start_seconds = models.FloatField(
        default=300, help_text=_("A machine that is not heard of after so long has failed.")
    )
    cost_per_hour = models.DecimalField(
        max_digits=9, decimal_places=4, default=0, help_text=_("Of one machine.")
    )
    budget_per_day = models.DecimalField(
        max_digits=9, decimal_places=2, null=True, blank=True, help_text=_("Empty: no limit.")
    )
    settings = models.JSONField(
        default=dict,
        blank=True,
        help_text=_(
            "For the provider. RunPod: image, gpu, and cloud, disk, registry, data_centers."
        ),
    )
    enrolment_digest = models.CharField(max_length=64, blank=True, default="", editable=False)
    last_started_at = models.DateTimeField(null=True, blank=True)
    # Since when there have been more machines than were wanted, and the most that were.
    surplus_since = models.DateTimeField(null=True, blank=True)
    surplus_peak = models.PositiveIntegerField(default=0)
    wanted = models.PositiveIntegerField(default=0, help_text=_("Machines, by the last look."))
    note = models.TextField(blank=True, help_text=_("Why, or what went wrong."))

    class Meta:
        db_table = "worker_pools"
        verbose_name = _("worker pool")
        constraints = [
            models.CheckConstraint(
                name="worker_pools_sane",
                condition=Q(minimum__lte=models.F("maximum"), target_wait_seconds__gt=0),
            ),
            models.UniqueConstraint(
                name="worker_pools_enrolment",
                fields=["enrolment_digest"],
                condition=~Q(enrolment_digest=""),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PoolMachine(Row):
    """A machine that was rented for a pool, and what became of it: history once it has stopped."""

    class Status(models.TextChoices):
        STARTING = "starting", _("Starting")
        RUNNING = "running", _("Running")
        DRAINING = "draining", _("Draining")
        STOPPED = "stopped", _("Stopped")
        FAILED = "failed", _("Failed")

    ALIVE = (Status.STARTING, Status.RUNNING, Status.DRAINING)

    pool = models.ForeignKey(WorkerPool, models.CASCADE, related_name="machines")
    worker = models.ForeignKey(WorkerUrl, models.SET_NULL, null=True, blank=True, related_name="+")
    provider_id = models.CharField(max_length=128, blank=True)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.STARTING)
    started_at = models.DateTimeField()
    ready_at = models.DateTimeField(null=True, blank=True)
    stopped_at = models.DateTimeField(null=True, blank=True)
    cost_per_hour = models.DecimalField(max_digits=9, decimal_places=4, default=0)
    failure = models.TextField(blank=True)

    class Meta:
        db_table = "pool_machines"
        verbose_name = _("machine of a pool")
        indexes = [models.Index(fields=["pool", "status"], name="pool_machines_alive")]

    def __str__(self) -> str:
        return f"{self.pool_id}/{self.provider_id}"
