"""The left column of the library: how much lies on each shelf, and the projects with their covers.
Two queries whose cost does not grow with the library: counts stop at a limit. Not for the lists
themselves.
"""

from __future__ import annotations

from typing import Any

from django.db.models import IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accounts.models import Profile
from library.models import Media, Project, Reference

COUNTED = 9_999  # more than this is shown as "9999+"
COUNTED_IN_PROJECT = 999
PROJECTS = 200
KEPT = Q(deleted_at=None)


class BoundedCount(Subquery):
    """How many rows a query finds, counted up to a limit and one more."""

    template = "(SELECT count(*) FROM (%(subquery)s) bounded)"
    output_field = IntegerField()

    def __init__(self, rows: QuerySet[Any], limit: int) -> None:
        super().__init__(rows.order_by().values("pk")[: limit + 1])


def counts(user: Any) -> dict[str, int]:
    """Return how much lies on each shelf, by its name."""
    media: Any = Media.objects.for_user(user)
    references: Any = Reference.objects.for_user(user)
    kept = media.filter(KEPT)
    shelves = {
        "all": kept,
        "starred": kept.filter(starred_at__isnull=False),
        "videos": kept.filter(content_type=Media.Kind.VIDEO),
        "references": references.filter(KEPT),
        "bin": media.exclude(KEPT),
    }
    found = {name: BoundedCount(rows, COUNTED) for name, rows in shelves.items()}
    return Profile.objects.for_user(user).values(**found).first() or dict.fromkeys(shelves, 0)


def projects(user: Any) -> list[Any]:
    """Return the projects by name. Each has `picture` (its cover's, or its newest one's, url) and
    `media_count`, counted up to a limit.
    """
    mine: Any = Project.objects.for_user(user)
    inside = Media.objects.filter(KEPT, project=OuterRef("pk"))
    newest = inside.newest_first().values("thumbnail_url")[:1]  # type: ignore[attr-defined]
    found = mine.by_name().annotate(
        media_count=BoundedCount(inside, COUNTED_IN_PROJECT),
        picture=Coalesce("cover__thumbnail_url", Subquery(newest)),
    )
    return list(found[:PROJECTS])


def shelves_context(user: Any) -> dict[str, Any]:
    """Everything that the column shows."""
    return {
        "counts": counts(user),
        "counted": COUNTED,
        "projects": projects(user),
        "counted_in_project": COUNTED_IN_PROJECT,
    }
