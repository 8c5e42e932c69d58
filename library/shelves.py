"""The left column of the library: how much lies on each shelf, and the projects with their covers.
Its queries' cost does not grow with the library: counts stop at a limit. Not for the lists
themselves.
"""

from __future__ import annotations

from typing import Any

from django.core.cache import cache
from django.db.models import IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accounts.models import Profile
from library.models import Media, Project, Reference
from library.searches import searches
from library.tags import tags_with_counts
from ourvidz import feed

COUNTED = 9_999  # more than this is shown as "9999+"
COUNTED_IN_PROJECT = 999
PROJECTS = 200
KEPT = Q(deleted_at=None)
# The sweep empties the bin without telling the page, which has nothing to redraw.
KEPT_SECONDS = 600


class BoundedCount(Subquery):
    """How many rows a query finds, counted up to a limit and one more.

    The rows come in the order of an index, so that this index is read and no other, whatever the
    database believes about the table.
    """

    template = "(SELECT count(*) FROM (%(subquery)s) bounded)"
    output_field = IntegerField()

    def __init__(self, rows: QuerySet[Any], limit: int) -> None:
        super().__init__(rows.values("pk")[: limit + 1])


def counts(user: Any) -> dict[str, int]:
    """Return how much lies on each shelf, by its name."""
    media: Any = Media.objects.for_user(user)
    references: Any = Reference.objects.for_user(user)
    kept = media.kept().newest_first()
    shelves = {
        "all": kept,
        "starred": kept.filter(starred_at__isnull=False),
        "videos": kept.filter(content_type=Media.Kind.VIDEO),
        "references": references.shown().order_by("-created_at", "-id"),
        "bin": media.filter(deleted_at__isnull=False).order_by("-deleted_at", "-id"),
    }
    found = {name: BoundedCount(rows, COUNTED) for name, rows in shelves.items()}
    return Profile.objects.for_user(user).values(**found).first() or dict.fromkeys(shelves, 0)


def projects(user: Any) -> list[dict[str, Any]]:
    """Return the projects by name, those in another one behind it, each with its pk, its name, its
    `parent`, its `picture` (the cover's, or the newest one's, url) and `media_count`, counted up to
    a limit.
    """
    mine: Any = Project.objects.for_user(user)
    media: Any = Media.objects.for_user(user)
    inside = media.kept().newest_first().filter(project=OuterRef("pk"))
    newest = inside.values("thumbnail_url")[:1]
    found = (
        mine.by_name()
        .values("pk", "name", "parent")
        .annotate(
            media_count=BoundedCount(inside, COUNTED_IN_PROJECT),
            picture=Coalesce("cover__thumbnail_url", Subquery(newest)),
        )
    )
    return nested(list(found[:PROJECTS]))


def nested(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put each project behind the one that it lies in; what lies in none that is here comes
    first-hand, with `parent` None.
    """
    known = {one["pk"] for one in found}
    inside: dict[Any, list[dict[str, Any]]] = {}
    for one in found:
        parent = one["parent"] if one["parent"] in known else None
        inside.setdefault(parent, []).append(one | {"parent": parent})
    return [row for one in inside.get(None, []) for row in (one, *inside.get(one["pk"], []))]


def shelves_context(user: Any) -> dict[str, Any]:
    """Everything that the column shows: counted once for each change of the person's feed."""
    key = f"library.shelves:{user.pk}:{feed.head(user.pk)}"
    found = cache.get(key)
    if found is None:
        found = {
            "counts": counts(user),
            "projects": projects(user),
            "tags": tags_with_counts(user),
            "searches": searches(user),
        }
        cache.set(key, found, KEPT_SECONDS)
    return {**found, "counted": COUNTED, "counted_in_project": COUNTED_IN_PROJECT}
