"""Where results land first: sessions, their items and what each item refers to. Not for what is
kept: that is the library.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from jobs.models import Job
from library.models import Media, Reference
from ourvidz.models import PrivateQuerySet, PrivateRow, uuid7
from ourvidz.stored import StoredFile

SESSION_NAME = gettext_noop("Workspace Session")


class SessionQuerySet(PrivateQuerySet):
    """Reads of sessions."""

    def present(self) -> SessionQuerySet:
        return self.filter(deleted_at=None)

    def last_used_first(self) -> SessionQuerySet:
        return self.order_by("-is_active", "-updated_at", "-id")


class WorkspaceSession(PrivateRow):
    """A temporary room for items."""

    session_name = models.TextField(
        _("name"), default=SESSION_NAME, db_default=SESSION_NAME, max_length=120
    )
    is_active = models.BooleanField(_("active"), default=True, db_default=True)
    metadata = models.JSONField(default=dict, db_default={}, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = SessionQuerySet.as_manager()

    class Meta:
        db_table = "workspace_sessions"
        indexes = [
            models.Index(
                fields=["user", "-is_active", "-updated_at", "-id"],
                name="sessions_last_used",
                condition=Q(deleted_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.session_name

    @property
    def shown_name(self) -> str:
        """Its name, in the reader's language where nobody gave it one."""
        return str(_(SESSION_NAME)) if self.session_name == SESSION_NAME else self.session_name


class ItemQuerySet(PrivateQuerySet):
    """Reads of items."""

    def present(self) -> ItemQuerySet:
        """Return items that were not deleted."""
        return self.filter(deleted_at=None)

    def unsaved(self) -> ItemQuerySet:
        return self.exclude(status=WorkspaceItem.Status.SAVED)

    def newest_first(self) -> ItemQuerySet:
        return self.order_by("-created_at", "-id")


class WorkspaceItem(PrivateRow, StoredFile):
    """A picture or a video in a session: being made, made, failed or saved."""

    class Status(models.TextChoices):
        GENERATING = "generating", _("Generating")
        GENERATED = "generated", _("Generated")
        FAILED = "failed", _("Failed")
        SAVED = "saved", _("Saved")

    session = models.ForeignKey(WorkspaceSession, models.CASCADE, related_name="items")
    job = models.ForeignKey(Job, models.SET_NULL, null=True, blank=True, related_name="items")
    batch_id = models.UUIDField(default=uuid7)
    batch_index = models.PositiveSmallIntegerField(default=0)
    media = models.ForeignKey(Media, models.SET_NULL, null=True, blank=True, related_name="items")
    parent = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="children"
    )
    # Where it was made again from the library.
    parent_media = models.ForeignKey(
        Media, models.SET_NULL, null=True, blank=True, related_name="made_again"
    )
    relation = models.CharField(max_length=16, blank=True)

    prompt = models.TextField()
    enhanced_prompt = models.TextField(null=True, blank=True)
    negative_prompt = models.TextField(blank=True)
    content_type = models.CharField(
        max_length=8, choices=[("image", _("Image")), ("video", _("Video"))]
    )
    model_type = models.CharField(max_length=64, null=True, blank=True)
    quality = models.CharField(
        max_length=8, null=True, blank=True, choices=[("fast", _("Fast")), ("high", _("High"))]
    )
    generation_params = models.JSONField(default=dict, db_default={}, blank=True)
    seed = models.BigIntegerField(null=True, blank=True)
    reference_image_url = models.TextField(null=True, blank=True)
    reference_strength = models.DecimalField(max_digits=3, decimal_places=2, null=True, blank=True)
    status = models.CharField(
        max_length=16, choices=Status.choices, default=Status.GENERATED, db_default=Status.GENERATED
    )
    failure_code = models.CharField(max_length=64, blank=True)
    failure_params = models.JSONField(default=dict, blank=True)
    metadata = models.JSONField(default=dict, db_default={}, blank=True)
    starred_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    objects = ItemQuerySet.as_manager()

    class Meta:
        db_table = "workspace_items"
        constraints = [
            models.CheckConstraint(
                name="workspace_items_status_known",
                condition=Q(status__in=["generating", "generated", "failed", "saved"]),
            ),
            models.CheckConstraint(
                name="workspace_items_content_type_known",
                condition=Q(content_type__in=["image", "video"]),
            ),
            models.CheckConstraint(
                name="workspace_items_quality_known",
                condition=Q(quality__isnull=True) | Q(quality__in=["fast", "high"]),
            ),
        ]
        indexes = [
            models.Index(
                fields=["user", "session", "-created_at", "-id"],
                name="workspace_items_newest",
                condition=Q(deleted_at__isnull=True),
            ),
            models.Index(fields=["user", "-created_at", "-id"], name="workspace_items_of_user"),
            models.Index(
                fields=["user", "-deleted_at", "-id"],
                name="workspace_items_bin",
                condition=Q(deleted_at__isnull=False) & ~Q(storage_path=""),
            ),
            models.Index(fields=["job"], name="workspace_items_of_job"),
            models.Index(
                fields=["storage_path"],
                name="workspace_items_files",
                condition=~Q(storage_path=""),
            ),
        ]

    def __str__(self) -> str:
        return self.prompt[:80]


class ItemReference(PrivateRow):
    """What a result was made from: an uploaded reference, an item or media, with its role, order
    and strength. Media made without the workspace have the job, and no item.
    """

    class Role(models.TextChoices):
        IMAGE = "image", _("Image")
        MASK = "mask", _("Mask")
        VIDEO = "video", _("Video")

    job = models.ForeignKey(
        Job, models.CASCADE, null=True, blank=True, related_name="item_references"
    )
    item = models.ForeignKey(
        WorkspaceItem, models.SET_NULL, null=True, blank=True, related_name="references"
    )
    # One of these three; none any more where it was deleted for good.
    reference = models.ForeignKey(
        Reference, models.SET_NULL, null=True, blank=True, related_name="items"
    )
    media = models.ForeignKey(Media, models.SET_NULL, null=True, blank=True, related_name="used_in")
    source_item = models.ForeignKey(
        WorkspaceItem, models.SET_NULL, null=True, blank=True, related_name="used_in"
    )
    strength = models.DecimalField(max_digits=3, decimal_places=2, null=True, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    role = models.CharField(max_length=16, choices=Role.choices, default=Role.IMAGE)

    objects = PrivateQuerySet.as_manager()

    class Meta:
        db_table = "item_references"
        constraints = [
            models.CheckConstraint(
                name="item_references_strength_range",
                condition=Q(strength__isnull=True) | (Q(strength__gte=0) & Q(strength__lte=1)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.position}"
