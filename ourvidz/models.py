"""The base of every table (UUIDv7 key, times) and of every private one (its owner), and the feed's
counter. Not for anything an app can own itself.
"""

from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models.functions import Now
from uuid_utils.compat import uuid7

__all__ = ["FeedHead", "PrivateRow", "Row", "uuid7"]


class Row(models.Model):
    """A table's id and times. The ids made here sort by time; raw SQL gets a random one."""

    id = models.UUIDField(primary_key=True, default=uuid7, db_default=RandomUUID(), editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    # The trigger `handle_updated_at` keeps it; Django only reads it.
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        abstract = True


class PrivateQuerySet(models.QuerySet[Any]):
    """The first of the two nets: every read says whose rows it wants."""

    def for_user(self, user: Any) -> Self:
        """Return the rows of one person (a User or its id)."""
        return self.filter(user_id=getattr(user, "pk", user))


class PrivateRow(Row):
    """A row that belongs to one person."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")

    class Meta:
        abstract = True


class FeedHead(models.Model):
    """How many changes a person's feed has seen: the seq of the latest one."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+"
    )
    seq = models.BigIntegerField(default=0, db_default=0)

    objects = PrivateQuerySet.as_manager()

    class Meta:
        db_table = "feed_heads"

    def __str__(self) -> str:
        return f"{self.user_id}: {self.seq}"
