"""Keyset pagination: a page starts where the last one ended, on an index of exactly that order, so
that the thousandth page costs what the first one does and nothing is shown twice when rows arrive.
Not for page numbers or totals, which cost a count.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.core import signing
from django.db.models import F, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from django.utils.translation import gettext_lazy as _
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

from ourvidz.errors import Refused

Keys = Sequence[str]
Read = Callable[[QuerySet[Any]], list[Any]]
SMALLEST, USUAL, LARGEST = 1, 24, 100


class Keyset:
    """Pages of one queryset in one order.

    `keys` are columns that are never null, all with a minus or all without, the last one unique.
    `read` fetches a query's rows.
    """

    def __init__(self, queryset: QuerySet[Any], keys: Keys, limit: int, read: Read = list) -> None:
        self.read = read
        self.queryset = queryset
        self.names = [key.removeprefix("-") for key in keys]
        self.descending = keys[0].startswith("-")
        self.limit = limit
        self.next: str | None = None
        self.previous: str | None = None

    def page(self, cursor: str) -> list[Any]:
        """Return the rows behind (or before) the cursor; an empty one starts at the beginning.

        Sets `next` and `previous`. Raises Refused where the cursor is not one of ours.
        """
        backward, values = self._read(cursor) if cursor else (False, None)
        rows = self.read(self.query(backward, values))
        more = len(rows) > self.limit
        rows = rows[: self.limit]
        if backward:
            rows.reverse()
        before, behind = (more, True) if backward else (values is not None, more)
        if rows:
            self.previous = self._write(True, rows[0]) if before else None
            self.next = self._write(False, rows[-1]) if behind else None
        return rows

    def query(self, backward: bool, values: list[Any] | None) -> QuerySet[Any]:
        """Return the query of a page and one row more, which tells whether it is the last."""
        descending = self.descending is not backward
        sign = "-" if descending else ""
        found = self.queryset.order_by(*(sign + name for name in self.names))
        if values is not None:
            compare = TupleLessThan if descending else TupleGreaterThan
            # One comparison of rows, not a chain of ORs: the index answers it by itself.
            found = found.filter(compare(Tuple(*(F(name) for name in self.names)), values))
        return found[: self.limit + 1]

    def _write(self, backward: bool, row: Any) -> str:
        fields = (self.queryset.model._meta.get_field(name) for name in self.names)
        values = [field.value_to_string(row) for field in fields]  # type: ignore[union-attr]
        return self._signer.sign_object([backward, values])

    def _read(self, cursor: str) -> tuple[bool, list[Any]]:
        try:
            backward, texts = self._signer.unsign_object(cursor)
        except (signing.BadSignature, ValueError) as error:
            raise Refused("cursor_invalid", field="cursor") from error
        pairs = zip(self.names, texts, strict=True)
        return backward, [self._field(name).to_python(text) for name, text in pairs]

    def _field(self, name: str) -> Any:
        """The column; of one that the database works out, what it is made as."""
        field = self.queryset.model._meta.get_field(name)
        return getattr(field, "output_field", field)

    @property
    def _signer(self) -> signing.Signer:
        """Signed, and for this list alone: a forged cursor would reach the database as it is."""
        label = self.queryset.model._meta.label
        return signing.Signer(salt=f"cursor:{label}:{self.descending}:{','.join(self.names)}")


class KeysetPagination(BasePagination):
    """The API's pages: `?limit=` and `?cursor=`, answered as `{next, previous, results}`.

    A view says its order in `keyset`, or in `get_keyset()` where it depends on the request.
    """

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        keys = view.get_keyset() if hasattr(view, "get_keyset") else view.keyset
        self.url = request.build_absolute_uri()
        self.pages = Keyset(queryset, keys, _limit(request), getattr(view, "read_rows", list))
        return self.pages.page(request.query_params.get("cursor", ""))

    def get_paginated_response(self, data: Any) -> Response:
        links = {"next": self._link(self.pages.next), "previous": self._link(self.pages.previous)}
        return Response({**links, "results": data})

    def _link(self, cursor: str | None) -> str | None:
        if cursor is None:
            return None
        return replace_query_param(remove_query_param(self.url, "cursor"), "cursor", cursor)

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {
                "next": {
                    **link,
                    "description": str(_("The page behind this one.")),
                    "example": "https://ourvidz.example/api/v1/…?cursor=WzAsWyIyMDI2Il1d",
                },
                "previous": {
                    **link,
                    "description": str(_("The page before this one.")),
                    "example": None,
                },
                "results": schema,
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        limit = {"type": "integer", "minimum": SMALLEST, "maximum": LARGEST, "default": USUAL}
        return [
            _parameter("limit", _("How many results a page has."), limit),
            _parameter("cursor", _("From `next` or `previous` of a page."), {"type": "string"}),
        ]


def _parameter(name: str, description: Any, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": str(description),
        "schema": schema,
    }


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", str(USUAL))
    number = int(text) if text.isdecimal() and len(text) < 6 else 0
    if not SMALLEST <= number <= LARGEST:
        raise Refused("limit_range", field="limit", min=SMALLEST, max=LARGEST)
    return number
