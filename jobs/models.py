"""Jobs, their history, the presets they are made from and the clock of each fair queue. Not for
results: a destination (workspace or library) keeps those.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from jobs.choices import Capability, ContentType, Quality
from ourvidz.models import PrivateQuerySet, PrivateRow, Row, uuid7


class PresetQuerySet(models.QuerySet["Preset"]):
    def offered(self) -> PresetQuerySet:
        """Return the presets that people may choose, in the order they are shown."""
        return self.filter(is_enabled=True, is_installed=True)


class Preset(Row):
    """One way to make a picture or a video: a model with its declared parameters and defaults."""

    slug = models.SlugField(unique=True, max_length=64)
    name = models.CharField(max_length=80)
    family = models.CharField(max_length=32, help_text=_("The pipeline that runs it, e.g. sdxl."))
    source = models.CharField(max_length=200, help_text=_("A hub id, or a folder."))
    revision = models.CharField(max_length=64, blank=True)
    licence = models.CharField(max_length=80)
    licence_url = models.URLField(blank=True)
    commercial = models.BooleanField(
        default=True, help_text=_("Whether its licence allows commercial use.")
    )
    gated = models.BooleanField(
        default=False, help_text=_("Whether the hub asks to accept terms before it is fetched.")
    )
    size_bytes = models.BigIntegerField(null=True, blank=True, help_text=_("On disk."))
    memory_bytes = models.BigIntegerField(null=True, blank=True, help_text=_("While it works."))
    content_type = models.CharField(max_length=8, choices=ContentType.choices)
    quality = models.CharField(max_length=8, choices=Quality.choices)
    job_type = models.CharField(max_length=32)
    bucket_name = models.CharField(max_length=32)
    queue = models.CharField(max_length=32)
    capabilities = models.JSONField(default=list, help_text=_("What it can do."))
    max_references = models.PositiveSmallIntegerField(
        default=0, help_text=_("How many pictures it takes to start from.")
    )
    parameters = models.JSONField(default=list, help_text=_("What can be set, and within what."))
    options = models.JSONField(
        default=dict, blank=True, help_text=_("For the engine: scheduler, dtype, offload, …")
    )
    words_path = models.CharField(
        max_length=200, blank=True, help_text=_("The file with the words that the model knows.")
    )
    count_help = models.CharField(
        max_length=200,
        blank=True,
        help_text=_("What people should know before they ask for several at once."),
    )
    expected_seconds = models.FloatField(default=10, help_text=_("Until jobs were measured."))
    measured_seconds = models.FloatField(
        null=True, blank=True, help_text=_("The median of its latest jobs, for its defaults.")
    )
    measured_load_seconds = models.FloatField(
        null=True, blank=True, help_text=_("The median of loading its model, where it was loaded.")
    )
    is_enabled = models.BooleanField(default=True)
    is_installed = models.BooleanField(
        default=True, help_text=_("Whether its model is here, or on a worker.")
    )
    edited = models.JSONField(
        default=list, blank=True, help_text=_("What an operator changed: the file leaves it alone.")
    )
    sort_order = models.IntegerField(default=0)

    objects = PresetQuerySet.as_manager()

    class Meta:
        db_table = "model_presets"
        ordering = ["sort_order", "slug"]

    def __str__(self) -> str:
        return f"{self.name} · {self.get_quality_display()}"

    def can(self, *capabilities: str) -> bool:
        """Return whether it has at least one of the capabilities."""
        return not set(capabilities).isdisjoint(self.capabilities)

    @property
    def typical_seconds(self) -> float:
        """GPU seconds of a job with its defaults: as measured, or as declared until then."""
        return self.measured_seconds or self.expected_seconds

    @property
    def is_offered(self) -> bool:
        """Whether people may choose it now."""
        return self.is_enabled and self.is_installed

    @property
    def needs_words(self) -> bool:
        """Whether a prompt says what to make; an upscaler only enlarges what it is given."""
        enlarging = {Capability.UPSCALE, Capability.UPSCALE_VIDEO}
        return not self.capabilities or not set(self.capabilities) <= enlarging

    @property
    def needs_reference(self) -> bool:
        """Whether it makes nothing from words alone."""
        from_words = self.can(Capability.TEXT_TO_IMAGE, Capability.TEXT_TO_VIDEO)
        return bool(self.capabilities) and not from_words


class FairQueue(models.Model):
    """The virtual time of a queue: the largest start tag that was claimed; and how many claims
    there were, by which turns are taken.
    """

    name = models.CharField(primary_key=True, max_length=32)
    virtual_time = models.FloatField(default=0)
    claims = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        db_table = "fair_queues"

    def __str__(self) -> str:
        return self.name


class JobQuerySet(PrivateQuerySet):
    """Reads of jobs."""

    def waiting(self) -> JobQuerySet:
        return self.filter(status=Job.Status.QUEUED)

    def in_line(self) -> JobQuerySet:
        """Return what waits for a worker, and not for its owner."""
        return self.waiting().filter(paused_at=None)

    def unfinished(self) -> JobQuerySet:
        return self.filter(status__in=[Job.Status.QUEUED, Job.Status.RUNNING])

    def newest_first(self) -> JobQuerySet:
        return self.order_by("-created_at", "-id")

    def in_fair_order(self) -> JobQuerySet:
        """Return jobs in the order in which they are claimed."""
        return self.order_by("-priority", "start_tag", "id")


class Job(PrivateRow):
    """One item to make. The row, not the message, is the truth about it."""

    class Status(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        SUCCEEDED = "succeeded", _("Succeeded")
        FAILED = "failed", _("Failed")
        CANCELED = "canceled", _("Canceled")

    class Destination(models.TextChoices):
        LIBRARY = "library", _("Library")
        WORKSPACE = "workspace", _("Workspace")

    batch_id = models.UUIDField(default=uuid7)
    batch_index = models.PositiveSmallIntegerField(default=0)
    preset_slug = models.CharField(max_length=64)
    preset_revision = models.CharField(max_length=64, blank=True)
    content_type = models.CharField(max_length=8, choices=ContentType.choices)
    quality = models.CharField(max_length=8, choices=Quality.choices)
    job_type = models.CharField(max_length=32)
    bucket_name = models.CharField(max_length=32)
    queue = models.CharField(max_length=32)
    prompt = models.TextField()
    negative_prompt = models.TextField(blank=True)
    parameters = models.JSONField(default=dict)
    seed = models.BigIntegerField()
    destination = models.CharField(
        max_length=16,
        choices=Destination.choices,
        default=Destination.LIBRARY,
        db_default=Destination.LIBRARY,
    )
    # Upward, so by name: jobs knows no other app.
    workspace_session = models.ForeignKey(
        "workspace.WorkspaceSession", models.SET_NULL, null=True, blank=True, related_name="jobs"
    )
    project_id = models.UUIDField(null=True, blank=True)
    # What it starts from, as it was when it was queued: [{id, kind, role, strength, position, …}].
    references = models.JSONField(default=list, db_default=[], blank=True)
    # The item or the media that it was made from: by kind, since jobs know neither table.
    parent_id = models.UUIDField(null=True, blank=True)
    parent_kind = models.CharField(max_length=16, blank=True, default="", db_default="")
    relation = models.CharField(max_length=16, blank=True)

    status = models.CharField(
        max_length=16, choices=Status.choices, default=Status.QUEUED, db_default=Status.QUEUED
    )
    attempt = models.PositiveSmallIntegerField(default=0)
    max_attempts = models.PositiveSmallIntegerField(default=3)
    cost = models.FloatField(help_text=_("Expected GPU seconds."))
    start_tag = models.FloatField(default=0)
    finish_tag = models.FloatField(default=0)
    priority = models.SmallIntegerField(default=0)
    # GPU seconds that went first although they stood behind it, since their model was loaded.
    passed_over = models.FloatField(default=0, db_default=0)
    paused_at = models.DateTimeField(null=True, blank=True)
    # Not started by then, it is given up.
    start_by = models.DateTimeField(null=True, blank=True)
    not_before = models.DateTimeField(null=True, blank=True)
    worker = models.ForeignKey(
        "workers.WorkerUrl", models.SET_NULL, null=True, blank=True, related_name="jobs"
    )
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    failure_code = models.CharField(max_length=64, blank=True)
    failure_params = models.JSONField(default=dict, blank=True)
    timings = models.JSONField(default=dict, blank=True)
    gpu_seconds = models.FloatField(
        default=0, db_default=0, help_text=_("What all its attempts took together.")
    )
    idempotency_key = models.CharField(max_length=128, blank=True)
    request_hash = models.CharField(max_length=64, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        db_table = "jobs"
        constraints = [
            models.CheckConstraint(
                name="jobs_status_known",
                condition=Q(status__in=["queued", "running", "succeeded", "failed", "canceled"]),
            ),
            models.CheckConstraint(
                name="jobs_destination_known",
                condition=Q(destination__in=["library", "workspace"]),
            ),
            models.CheckConstraint(
                name="jobs_running_is_leased",
                condition=~Q(status="running") | Q(lease_expires_at__isnull=False),
            ),
            models.UniqueConstraint(
                name="jobs_idempotency_key",
                fields=["user", "idempotency_key", "batch_index"],
                condition=~Q(idempotency_key=""),
            ),
        ]
        indexes = [
            # The claim: WHERE queue = … AND status = 'queued' AND not paused ORDER BY exactly this.
            models.Index(
                "queue",
                models.F("priority").desc(),
                "start_tag",
                "id",
                name="jobs_fair_order",
                condition=Q(status="queued", paused_at=None),
            ),
            # The same without priorities: whose turn it would be, and whose model is loaded.
            models.Index(
                fields=["queue", "start_tag", "id"],
                name="jobs_turns",
                condition=Q(status="queued", paused_at=None),
            ),
            models.Index(
                fields=["start_by"],
                name="jobs_deadlines",
                condition=Q(status="queued", start_by__isnull=False),
            ),
            # What its owner let wait; few are.
            models.Index(
                fields=["user"],
                name="jobs_paused",
                condition=Q(status="queued", paused_at__isnull=False),
            ),
            # What a person used in a day.
            models.Index(fields=["user", "-finished_at"], name="jobs_used"),
            # The sweep of lost leases.
            models.Index(
                fields=["lease_expires_at"], name="jobs_leases", condition=Q(status="running")
            ),
            models.Index(fields=["user", "-finish_tag"], name="jobs_person_tags"),
            models.Index(fields=["user", "-created_at", "-id"], name="jobs_newest"),
            models.Index(fields=["user", "batch_id"], name="jobs_batch"),
            # How much work arrived in the last minutes.
            models.Index(fields=["created_at"], name="jobs_arrivals"),
            # What a preset's jobs took lately.
            models.Index(
                fields=["preset_slug", "-finished_at"],
                name="jobs_measured",
                condition=Q(status="succeeded"),
            ),
            # The quota, and what a page shows as still to come.
            models.Index(
                fields=["user"],
                name="jobs_unfinished",
                condition=Q(status__in=["queued", "running"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.preset_slug}: {self.prompt[:60]}"

    @property
    def is_finished(self) -> bool:
        return self.status not in (self.Status.QUEUED, self.Status.RUNNING)

    def failure(self) -> dict[str, Any]:
        """Return the code and the parameters from which the reason is written."""
        return {"code": self.failure_code, "params": self.failure_params}


class JobStatus(PrivateRow):
    """One transition of a job: append-only, kept by the database (no UPDATE is granted)."""

    job = models.ForeignKey(Job, models.CASCADE, related_name="history")
    status = models.CharField(max_length=16, choices=Job.Status.choices)
    attempt = models.PositiveSmallIntegerField(default=0)
    worker_name = models.CharField(max_length=80, blank=True)
    reason = models.CharField(max_length=64, blank=True)
    params = models.JSONField(default=dict, blank=True)

    objects = PrivateQuerySet.as_manager()

    class Meta:
        db_table = "job_status"
        verbose_name_plural = "job status"
        indexes = [models.Index(fields=["job", "created_at"], name="job_status_of_job")]

    def __str__(self) -> str:
        return f"{self.status} ({self.attempt})"


class PersonLimit(PrivateRow):
    """What an operator allows one person, where it is not what everybody may. 0 is no limit; empty
    is the installation's.
    """

    waiting = models.PositiveIntegerField(
        null=True, blank=True, help_text=_("Jobs that are not finished.")
    )
    running = models.PositiveIntegerField(
        null=True, blank=True, help_text=_("Jobs at the same time.")
    )
    gpu_seconds = models.PositiveIntegerField(
        null=True, blank=True, help_text=_("GPU seconds within 24 hours.")
    )

    objects = PrivateQuerySet.as_manager()

    class Meta:
        db_table = "person_limits"
        constraints = [
            models.UniqueConstraint(name="person_limits_one_each", fields=["user"]),
        ]

    def __str__(self) -> str:
        return str(self.user_id)


# Models of this app in a folder of their own, which Django finds from here.
from jobs.webhook_models import Webhook, WebhookDelivery  # noqa: E402

__all__ = [
    "Capability",
    "ContentType",
    "FairQueue",
    "Job",
    "JobQuerySet",
    "JobStatus",
    "PersonLimit",
    "Preset",
    "PresetQuerySet",
    "Quality",
    "Webhook",
    "WebhookDelivery",
]
