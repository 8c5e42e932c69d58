"""What all API views share: throttles, pages, and problems for
errors that happen outside of any view. Not for any one resource.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views import defaults
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, permissions, views, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from ourvidz.errors import sentence
from ourvidz.pagination import KeysetPagination
from ourvidz.problems import PROBLEM_TYPE

API = "/api/"


class Throttled:
    """Reads and writes have budgets of their own; `scopes` names the dearer actions."""

    scopes: Mapping[str, str] = {}
    request: Any

    @property
    def throttle_scope(self) -> str:
        kind = "read" if self.request.method in permissions.SAFE_METHODS else "write"
        return self.scopes.get(getattr(self, "action", None) or "", kind)


class View(Throttled, views.APIView):
    """A single resource."""


class ViewSet(Throttled, viewsets.GenericViewSet):
    """A list in pages and its members, found by UUID."""

    pagination_class = KeysetPagination
    keyset: tuple[str, ...] = ("-created_at", "-id")
    lookup_value_converter = "uuid"
    lookup_field = "id"
    lookup_url_kwarg = "id"

    def page_of(self, queryset: QuerySet[Any], **context: Any) -> Response:
        """Answer with one page of a query set, in the view's serializer."""
        page = self.paginate_queryset(self.filter_queryset(queryset))
        context = {**self.get_serializer_context(), **context}
        serializer = self.get_serializer_class()(page, many=True, context=context)
        return self.get_paginated_response(serializer.data)


@extend_schema(exclude=True)
class Nothing(views.APIView):
    """Answers every address under /api/ that leads nowhere."""

    authentication_classes: list[Any] = []
    permission_classes: list[Any] = []
    throttle_classes: list[Any] = []

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise exceptions.NotFound


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400."""
    if request.path.startswith(API):
        return _bare_problem(400, "bad_request", str(_("The request is malformed.")))
    return defaults.bad_request(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler404."""
    if request.path.startswith(API):
        return _bare_problem(404, "not_found", sentence("not_found"))
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500. The cause is in the log, never in the answer."""
    if request.path.startswith(API):
        return _bare_problem(500, "unknown", sentence("unknown"))
    return defaults.server_error(request)


def _bare_problem(status: int, code: str, detail: str) -> HttpResponse:
    """A problem without DRF, which may be what failed."""
    title = code.replace("_", " ").capitalize()
    body = {
        "type": f"urn:ourvidz:problem:{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
    }
    return HttpResponse(json.dumps(body), status=status, content_type=PROBLEM_TYPE)
