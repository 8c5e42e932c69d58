"""What all admin pages of ours share: lists that stay fast on large tables, and rows that only
services write. Not for any one table.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from ourvidz.errors import Refused

COUNTED = 10_000
AT_ONCE = 1_000


class BoundedPaginator(Paginator):
    """Counts no further than anybody pages: counting a large table costs more than showing it."""

    @cached_property
    def count(self) -> int:
        found: Any = self.object_list
        return found.order_by().values("pk")[:COUNTED].count()


class RowAdmin(admin.ModelAdmin):
    """A table whose rows come from services: shown, searched and filtered, never made or deleted
    here.

    The newest come first, by the primary key, which sorts by time. An id finds its row, and those
    whose `id_fields` have it; what has an @ finds a person's rows; anything else is looked for in
    `search_fields`.
    """

    list_per_page = 50
    list_max_show_all = 200
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = BoundedPaginator
    ordering: ClassVar[tuple[str, ...]] = ("-pk",)
    id_fields: tuple[str, ...] = ("pk",)
    person: str = "user"
    editable: tuple[str, ...] = ()
    search_help_text = _("An id, an email address, or words.")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(self.editable) and super().has_change_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        every = [field.name for field in self.model._meta.fields] if obj else []
        hidden = {*self.editable, *(self.exclude or ())}
        return [*self.readonly_fields, *(name for name in every if name not in hidden)]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if wanted := _uuid(term):
            return queryset.filter(_any(self.id_fields, wanted)), False
        if "@" in term and self.person:
            # By id, so that the rows are found by their own index.
            return queryset.filter(**{f"{self.person}__in": _people(term)}), False
        return super().get_search_results(request, queryset, term)

    def each(
        self, request: HttpRequest, queryset: QuerySet[Any], act: Callable[[Any], Any], done: Any
    ) -> None:
        """Call `act` for each row, and say how many went well and why the others did not."""
        count = 0
        for row in queryset[:AT_ONCE]:
            try:
                act(row)
            except Refused as refused:
                self.message_user(request, f"{row}: {refused}", messages.WARNING)
            else:
                count += 1
        self.message_user(request, done % {"count": count}, messages.SUCCESS)


class RowInline(admin.TabularInline):
    """Rows of another table, on the page of the one they belong to. Only to be read."""

    extra = 0
    can_delete = False
    show_change_link = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _any(names: Iterable[str], value: uuid.UUID) -> Q:
    found = Q()
    for name in names:
        found |= Q(**{name: value})
    return found


def _people(address: str) -> QuerySet[Any]:
    people: Any = get_user_model().objects
    return people.filter(email__icontains=address).values("pk")
