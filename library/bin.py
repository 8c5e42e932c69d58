"""The library's bin: what is in it, and how its owner empties it before the sweep does. Not for
putting things there or taking them back: that is services.py.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from library.models import Media, Project
from ourvidz import feed, storage

AT_ONCE = 500


@transaction.atomic
def empty_bin(*, user: Any, media_ids: Sequence[uuid.UUID] | None = None) -> int:
    """Remove what is in the bin for good, files too, or only those named; returns how many.

    What is not in the bin stays as it is. A file that an item of the workspace shares stays.
    """
    binned: Any = Media.objects.for_user(user).filter(deleted_at__isnull=False)
    wanted = binned if media_ids is None else binned.filter(pk__in=media_ids)
    count = 0
    while found := list(wanted.order_by("pk")[:AT_ONCE]):
        _remove(found)
        count += len(found)
        for media in found[:1] if media_ids is None else found:
            feed.publish(user.pk, "media.removed", {"media": media.pk})
    return count


def deleted_projects(now: datetime) -> QuerySet[Any]:
    """Return the projects that nobody can bring back any more."""
    return Project.objects.filter(deleted_at__lt=now - timedelta(days=settings.BIN_DAYS))


def _remove(found: Sequence[Media]) -> None:
    Media.objects.filter(pk__in=[media.pk for media in found]).delete()
    storage.discard(
        storage.Where(media.bucket_name, media.storage_path, media.storage_place)
        for media in found
        if media.has_file
    )
