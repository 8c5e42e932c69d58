"""What people keep: media (images and videos in one table), projects, tags, saved searches and
uploaded references. Not for what is only being tried: that is the workspace.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce, Left, Lower, NullIf
from django.utils.translation import gettext_lazy as _

from ourvidz.models import PrivateQuerySet, PrivateRow
from ourvidz.stored import StoredFile


class ProjectQuerySet(PrivateQuerySet):
    """Reads of projects."""

    def kept(self) -> ProjectQuerySet:
        """Return those that were not deleted."""
        return self.filter(deleted_at=None)

    def by_name(self) -> ProjectQuerySet:
        """Return those that can be chosen, in their order."""
        return self.kept().order_by("name", "id")


class Project(PrivateRow):
    """A named shelf of the library. It may lie in another one, which lies in none.

    One that was deleted keeps its media until it is removed for good, so that it can come back.
    """

    name = models.CharField(_("name"), max_length=120)
    description = models.TextField(_("description"), blank=True)
    cover = models.ForeignKey(
        "Media", models.SET_NULL, null=True, blank=True, related_name="covered_projects"
    )
    parent = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="children"
    )
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        db_table = "projects"
        indexes = [models.Index(fields=["user", "name", "id"], name="projects_by_name")]
        constraints = [
            models.CheckConstraint(
                name="projects_not_in_itself",
                condition=Q(parent__isnull=True) | ~Q(parent=F("id")),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class MediaQuerySet(PrivateQuerySet):
    """Reads of media."""

    def kept(self) -> MediaQuerySet:
        """Return what is not in the bin."""
        return self.filter(deleted_at=None)

    def newest_first(self) -> MediaQuerySet:
        return self.order_by("-created_at", "-id")


class KindManager(models.Manager["Media"]):
    """Rows of one content type."""

    def __init__(self, content_type: str) -> None:
        super().__init__()
        self.content_type = content_type

    def get_queryset(self) -> MediaQuerySet:
        return MediaQuerySet(self.model, using=self._db).filter(content_type=self.content_type)


class Media(PrivateRow, StoredFile):
    """A picture or a video that its owner keeps."""

    class Kind(models.TextChoices):
        IMAGE = "image", _("Image")
        VIDEO = "video", _("Video")

    project = models.ForeignKey(
        Project, models.SET_NULL, null=True, blank=True, related_name="media"
    )
    # Not foreign keys: the library knows neither jobs nor the workspace.
    job_id = models.UUIDField(null=True, blank=True)
    item_id = models.UUIDField(null=True, blank=True)
    parent = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="children"
    )
    relation = models.CharField(max_length=16, blank=True)
    content_type = models.CharField(max_length=8, choices=Kind.choices)
    title = models.CharField(max_length=200, blank=True)
    prompt = models.TextField()
    # Nullable like the seed's: none was made, as against an empty one.
    enhanced_prompt = models.TextField(null=True, blank=True)
    negative_prompt = models.TextField(blank=True)
    model_type = models.CharField(max_length=64, blank=True)
    quality = models.CharField(max_length=8, blank=True)
    generation_params = models.JSONField(default=dict, db_default={})
    seed = models.BigIntegerField(null=True, blank=True)
    metadata = models.JSONField(default=dict, db_default={})
    # Whether it was made from a picture or video; which ones, `metadata` says under "references".
    has_reference = models.BooleanField(default=False, db_default=False)
    starred_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    # What lists are ordered by, kept by the database: never null, and short enough for an index.
    file_size = models.GeneratedField(
        expression=Coalesce("bytes", 0),
        output_field=models.BigIntegerField(),
        db_persist=True,
    )
    sort_name = models.GeneratedField(
        expression=Lower(Left(Coalesce(NullIf("title", Value("")), "prompt"), 80)),
        output_field=models.TextField(),
        db_persist=True,
    )

    objects = MediaQuerySet.as_manager()

    class Meta:
        db_table = "media"
        verbose_name_plural = "media"
        constraints = [
            models.CheckConstraint(
                name="media_content_type_known", condition=Q(content_type__in=["image", "video"])
            ),
            # What makes a repeated save or callback find the first one's result.
            models.UniqueConstraint(name="media_of_item", fields=["item_id"]),
            models.UniqueConstraint(name="media_of_job", fields=["job_id"]),
        ]
        indexes = [
            models.Index(
                fields=["user", "-created_at", "-id"],
                name="media_newest",
                condition=Q(deleted_at__isnull=True),
            ),
            models.Index(
                fields=["user", "project", "-created_at", "-id"],
                name="media_of_project",
                condition=Q(deleted_at__isnull=True),
            ),
            models.Index(
                fields=["user", "content_type", "-created_at", "-id"],
                name="media_of_kind",
                condition=Q(deleted_at__isnull=True),
            ),
            models.Index(
                fields=["user", "-created_at", "-id"],
                name="media_starred",
                condition=Q(deleted_at__isnull=True, starred_at__isnull=False),
            ),
            models.Index(
                fields=["user", "-updated_at", "-id"],
                name="media_changed",
                condition=Q(deleted_at__isnull=True),
            ),
            models.Index(
                fields=["user", "-file_size", "-id"],
                name="media_largest",
                condition=Q(deleted_at__isnull=True),
            ),
            models.Index(
                fields=["user", "sort_name", "id"],
                name="media_by_name",
                condition=Q(deleted_at__isnull=True),
            ),
            models.Index(
                fields=["user", "-deleted_at", "-id"],
                name="media_bin",
                condition=Q(deleted_at__isnull=False),
            ),
            models.Index(
                fields=["user", "model_type", "-created_at", "-id"],
                name="media_of_model",
                condition=Q(deleted_at__isnull=True),
            ),
            models.Index(
                fields=["user", "seed"], name="media_of_seed", condition=Q(seed__isnull=False)
            ),
            models.Index(
                fields=["user", "-created_at", "-id"],
                name="media_referring",
                condition=Q(deleted_at__isnull=True, has_reference=True),
            ),
            # The sweep of orphans asks which of these names a row still points at.
            models.Index(
                fields=["storage_path"], name="media_files", condition=~Q(storage_path="")
            ),
        ]

    def __str__(self) -> str:
        return self.prompt[:80]

    @property
    def shelf(self) -> Project | None:
        """The project that it lies in, where that was not deleted."""
        return self.project if self.project and not self.project.deleted_at else None

    def settings_used(self) -> dict[str, Any]:
        """Return what the dock needs to make this again."""
        return {
            **self.generation_params,
            "preset": self.model_type,
            "prompt": self.prompt,
            "negative_prompt": self.negative_prompt,
            "seed": self.seed,
        }


class Image(Media):
    """The pictures of the library: the seed's `images`."""

    objects = KindManager(Media.Kind.IMAGE)  # type: ignore[assignment, misc]

    class Meta:
        proxy = True


class Video(Media):
    """The videos of the library: the seed's `videos`."""

    objects = KindManager(Media.Kind.VIDEO)  # type: ignore[assignment, misc]

    class Meta:
        proxy = True


class Tag(PrivateRow):
    """A word that a person gives to media."""

    name = models.CharField(_("name"), max_length=40)

    objects = PrivateQuerySet.as_manager()

    class Meta:
        db_table = "tags"
        constraints = [models.UniqueConstraint("user", Lower("name"), name="tags_of_one_name")]

    def __str__(self) -> str:
        return self.name


class MediaTag(PrivateRow):
    """One tag of one picture or video."""

    tag = models.ForeignKey(Tag, models.CASCADE, related_name="uses")
    media = models.ForeignKey(Media, models.CASCADE, related_name="tagged")

    objects = PrivateQuerySet.as_manager()

    class Meta:
        db_table = "media_tags"
        constraints = [
            models.UniqueConstraint(fields=["media", "tag"], name="media_tags_once"),
        ]

    def __str__(self) -> str:
        return f"{self.tag_id} on {self.media_id}"


class SavedSearch(PrivateRow):
    """A search with its filters that its owner wants to find again."""

    name = models.CharField(_("name"), max_length=120)
    # The values of the list's address, e.g. {"q": "fox", "kind": "video"}.
    query = models.JSONField(default=dict, db_default={})

    objects = PrivateQuerySet.as_manager()

    class Meta:
        db_table = "saved_searches"
        verbose_name_plural = "saved searches"
        indexes = [models.Index(fields=["user", "name", "id"], name="saved_searches_by_name")]

    def __str__(self) -> str:
        return self.name


class ReferenceQuerySet(PrivateQuerySet):
    """Reads of references."""

    def shown(self) -> ReferenceQuerySet:
        """Return the pictures that are not in the bin; masks are not shown."""
        return self.filter(deleted_at=None, purpose=Reference.Purpose.PICTURE)


class Reference(PrivateRow, StoredFile):
    """A picture that its owner uploaded to start from."""

    class Purpose(models.TextChoices):
        PICTURE = "picture", _("Picture")
        MASK = "mask", _("Mask")

    name = models.CharField(_("name"), max_length=200)
    # A mask belongs to one request: nobody wants to find it among their pictures again.
    purpose = models.CharField(
        max_length=8,
        choices=Purpose.choices,
        default=Purpose.PICTURE,
        db_default=Purpose.PICTURE,
    )
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = ReferenceQuerySet.as_manager()

    class Meta:
        db_table = "references"
        indexes = [
            models.Index(
                fields=["user", "-created_at", "-id"],
                name="references_newest",
                condition=Q(deleted_at__isnull=True),
            ),
            models.Index(
                fields=["storage_path"], name="references_files", condition=~Q(storage_path="")
            ),
        ]

    def __str__(self) -> str:
        return self.name
