"""Tells the storage which rows of the library have files, and pages when the sweep removes one. Not
for storing anything.
"""

from __future__ import annotations

from library.bin import deleted_projects
from library.models import Media, Reference
from ourvidz import feed, storage


def register() -> None:
    """Announce media and references. Called once, when the app starts."""
    storage.register_files("media", Media.objects.all, title="prompt", removed=_media_removed)
    storage.register_files(
        "reference", Reference.objects.all, title="name", removed=_reference_removed
    )
    storage.register_expiring("project", deleted_projects)


def _media_removed(media: Media) -> None:
    feed.publish(media.user_id, "media.removed", {"media": media.pk})


def _reference_removed(reference: Reference) -> None:
    feed.publish(reference.user_id, "reference.removed", {"reference": reference.pk})
