"""The columns of a row that has a file: where it lies, what it is, and the stable urls that pages
use. Not for reading or writing files: see storage.
"""

from __future__ import annotations

from django.db import models


class StoredFile(models.Model):
    """Where a file is and what is known of it. `url` columns hold stable paths, never
    signatures.
    """

    class Place(models.TextChoices):
        PRIMARY = "primary"
        ALTERNATIVE = "alternative"

    storage_path = models.TextField(blank=True, default="")
    bucket_name = models.CharField(max_length=32, blank=True, default="")
    storage_place = models.CharField(
        max_length=16, choices=Place.choices, default=Place.PRIMARY, db_default=Place.PRIMARY
    )
    url = models.TextField(blank=True, default="")
    thumbnail_url = models.TextField(blank=True, default="")
    # A short loop that moves, for videos; empty where there is none.
    preview_url = models.TextField(blank=True, default="", db_default="")
    mime_type = models.CharField(max_length=64, blank=True, default="")
    bytes = models.BigIntegerField(null=True, blank=True)
    sha256 = models.CharField(max_length=64, blank=True, default="")
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    duration = models.FloatField(null=True, blank=True, help_text="Seconds.")
    fps = models.FloatField(null=True, blank=True)
    frames = models.PositiveIntegerField(null=True, blank=True)
    thumbhash = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        abstract = True

    @property
    def has_file(self) -> bool:
        return bool(self.storage_path)
