"""What all API views share: reads of one person's rows, throttles by kind of request, a JSON parser that
cannot be choked, and problems for errors that happen outside of any view. Not for any one resource.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views import defaults
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, parsers, permissions, views, viewsets
from rest_framework.request import Request

from ourvidz.errors import PROBLEM_TYPE, Refused, sentence
from ourvidz.pagination import KeysetPagination

API = "/api/"
JSON_MAX_BYTES = 1024 * 1024
# Deeper than any request of ours, and far from where Python's recursion ends.
JSON_MAX_DEPTH = 24


class JSONParser(parsers.JSONParser):
    """JSON that is small, flat enough, and made of values that PostgreSQL can keep."""

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        data = stream.read(JSON_MAX_BYTES + 1)
        if len(data) > JSON_MAX_BYTES:
            raise Refused("body_too_large", limit=JSON_MAX_BYTES // 1024)
        try:
            value = json.loads(data.decode(), parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise exceptions.ParseError(_("This is not valid JSON.")) from error
        _check(value)
        return value


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON.")


def _check(value: Any, depth: int = 0) -> None:
    """Refuse what no column can keep: NUL characters, half characters, endless numbers."""
    if depth > JSON_MAX_DEPTH:
        raise exceptions.ParseError(_("This is nested too deeply."))
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, float) and value in (float("inf"), float("-inf")):
        raise exceptions.ParseError(_("A number is too large."))
    elif isinstance(value, dict):
        for name, inner in value.items():
            _check_text(name)
            _check(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _check(inner, depth + 1)


def _check_text(text: str) -> None:
    if "\x00" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise exceptions.ParseError(_("A text has a character that cannot be kept. Remove it."))


class Throttled:
    """Reads and writes have budgets of their own; `scopes` names the dearer actions."""

    scopes: Mapping[str, str] = {}
    request: Request

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
    # Empty for filters that spectacular would otherwise guess from the query set.
    filter_backends: list[Any] = []


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
