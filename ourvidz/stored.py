"""The columns of a row that has a file: where it lies, what it is, and the stable urls that pages
use. Not for reading or writing files: see storage.
"""

from __future__ import annotations

from django.db import models

SMALL_SIDE = 640  # pixels: up to here a picture itself is lighter than another size of it


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

    @property
    def tile_url(self) -> str:
        """The url of the picture in the size that a tile needs; of a video, its poster."""
        is_small = max(self.width or 0, self.height or 0) <= SMALL_SIDE
        as_it_is = is_small and not self.mime_type.startswith("video/")
        return self.url if as_it_is or not self.thumbnail_url else self.thumbnail_url
