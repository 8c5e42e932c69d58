"""Searches that people keep under a name. Not for what a search finds: see search and listing."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from library.listing import Listing
from library.models import SavedSearch
from library.services import checked_name
from ourvidz import feed
from ourvidz.errors import Refused

MOST = 100


@transaction.atomic
def save_search(*, user: Any, name: str, query: Mapping[str, str]) -> SavedSearch:
    """Keep a search under a name; one of the same name is replaced.

    `query` holds the values of a list's address; unknown ones are left out. Raises
    Refused('search_empty' | 'searches_many' | name_…).
    """
    name = checked_name(name)
    values = Listing.read(user, query, "all", None).params
    if not values:
        raise Refused("search_empty", field="name")
    mine: Any = SavedSearch.objects.for_user(user)
    saved = mine.filter(name=name).first() or SavedSearch(user=user, name=name)
    if mine.count() >= MOST and saved._state.adding:
        raise Refused("searches_many", field="name", limit=MOST)
    saved.query = values
    saved.save()
    feed.publish(user.pk, "library.changed", {})
    return saved


@transaction.atomic
def delete_search(*, user: Any, search_id: uuid.UUID) -> SavedSearch:
    """Forget a saved search and return what it was. Raises Refused('search_missing')."""
    mine: Any = SavedSearch.objects.for_user(user)
    saved: SavedSearch | None = mine.filter(pk=search_id).first()
    if saved is None:
        raise Refused("search_missing")
    mine.filter(pk=search_id).delete()
    feed.publish(user.pk, "library.changed", {})
    return saved


def searches(user: Any) -> list[dict[str, Any]]:
    """Return the saved searches by name, each with its pk, name and query."""
    mine: Any = SavedSearch.objects.for_user(user)
    return list(mine.values("pk", "name", "query").order_by("name", "id")[:MOST])
