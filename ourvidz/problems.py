"""How the API writes a refusal down: RFC 9457 problem details, for our refusals and for DRF's own
errors. Not for the sentences: see messages.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler, set_rollback

from ourvidz.errors import Refused, sentence

PROBLEM_TYPE = "application/problem+json"


def problem(
    status: int, code: str, detail: str, errors: list[dict[str, str]] | None = None
) -> Response:
    """Return an RFC 9457 answer."""
    body: dict[str, Any] = {
        "type": f"urn:ourvidz:problem:{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "code": code,
        "detail": detail,
    }
    if errors:
        body["errors"] = errors
    return Response(body, status=status, content_type=PROBLEM_TYPE)


def problem_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler: every refusal becomes a problem, and what was written is undone."""
    if isinstance(exc, Refused):
        return _refused(exc)
    response = exception_handler(exc, context)
    if response is None:
        return None
    return _keep_headers(response, _problem_of(exc, response))


def _refused(exc: Refused) -> Response:
    set_rollback()
    errors = [{"field": exc.field, "code": exc.code, "detail": str(exc)}] if exc.field else None
    return problem(exc.status, exc.code, str(exc), errors)


def _problem_of(exc: Exception, response: Response) -> Response:
    if isinstance(exc, exceptions.ValidationError):
        found = list(_field_errors(exc.get_full_details()))
        return problem(response.status_code, "invalid", str(_("Some input is not valid.")), found)
    if isinstance(exc, (Http404, exceptions.NotFound)):
        return problem(404, "not_found", sentence("not_found"))
    if isinstance(exc, PermissionDenied):
        return problem(403, "permission_denied", sentence("permission_denied"))
    code = exc.get_codes() if isinstance(exc, exceptions.APIException) else "error"
    detail = exc.detail if isinstance(exc, exceptions.APIException) else exc
    return problem(response.status_code, str(code), str(detail))


def _field_errors(details: Any, field: str = "") -> Iterator[dict[str, str]]:
    """Flatten DRF's nested details: `parameters.width`, `prompt`, …"""
    if isinstance(details, dict) and set(details) == {"message", "code"}:
        yield {"field": field, "code": str(details["code"]), "detail": str(details["message"])}
    elif isinstance(details, dict):
        for name, inner in details.items():
            yield from _field_errors(inner, f"{field}.{name}" if field else str(name))
    elif isinstance(details, list):
        for inner in details:
            yield from _field_errors(inner, field)


def _keep_headers(old: Response, new: Response) -> Response:
    for name in ("WWW-Authenticate", "Retry-After"):
        if name in old.headers:
            new[name] = old.headers[name]
    return new
