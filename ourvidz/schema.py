"""How the API describes itself: tags by resource, and the problems that every operation can answer
with. Not for describing single operations: their views do that.
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiResponse
from rest_framework import serializers
from rest_framework.permissions import AllowAny

from ourvidz.problems import PROBLEM_TYPE

# status → when it is answered
ALWAYS = {
    "400": "The request is malformed; `errors` names the fields.",
    "406": "The answer exists as JSON only.",
    "429": "Too many requests; `Retry-After` says how many seconds to wait.",
}
SIGNED_IN = {
    "401": "Neither a session nor a usable token.",
    "403": "The token lacks the scope, the CSRF token is missing, or it is for operators.",
}
WITH_ID = {"404": "There is nothing of that id, or it is somebody else's."}
WITH_BODY = {
    "404": "Something that the request names is gone, or somebody else's.",
    "409": "The request does not fit the state of things.",
    "413": "The body is too large.",
    "415": "The body has another type than the one this takes.",
    "422": "The request is understood, but cannot be done as it is.",
}


# status → a code that comes with it, its sentence, and the field that it is about
EXAMPLES = {
    "400": ("limit_range", "A page has 1 to 100 results.", "limit"),
    "401": ("authentication_failed", "This token is not valid. Make a new one.", ""),
    "403": ("permission_denied", "This token lacks the scope for that.", ""),
    "404": ("not_found", "There is nothing here, or it is not yours.", ""),
    "406": ("not_acceptable", "Could not satisfy the request Accept header.", ""),
    "409": ("item_unfinished", "Wait until it is finished, then save it.", ""),
    "413": ("body_too_large", "The request is larger than 1024 KB.", ""),
    "415": ("unsupported_media_type", 'Unsupported media type "text/plain" in request.', ""),
    "422": ("parameter_range", "Width must be between 64 and 320.", "width"),
    "429": ("throttled", "Request was throttled. Expected available in 12 seconds.", ""),
}


class FieldProblem(serializers.Serializer):
    """What is wrong with one field."""

    field = serializers.CharField(help_text="Where, e.g. `parameters.width`.", allow_blank=True)
    code = serializers.CharField()
    detail = serializers.CharField()


class Problem(serializers.Serializer):
    """What went wrong, as RFC 9457 has it. `code` is stable, `detail` is for people."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
    errors = FieldProblem(many=True, required=False)  # type: ignore[assignment]


class Schema(AutoSchema):
    """Adds to each operation what holds for all of them."""

    def get_tags(self) -> list[str]:
        parts = [part for part in self.path.split("/") if part and part not in ("api", "v1")]
        return parts[:1]

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation = super().get_operation(*args, **kwargs)
        if operation is not None:
            self._add_problems(operation)
        return operation

    def _add_problems(self, operation: dict[str, Any]) -> None:
        known = operation["responses"]
        for status, description in self._problems().items():
            if status not in known:
                answer = OpenApiResponse(Problem, description, [_example(status)])
                known[status] = self._get_response_for_code(answer, status, [PROBLEM_TYPE])

    def _problems(self) -> dict[str, str]:
        found = dict(ALWAYS)
        if not any(isinstance(rule, AllowAny) for rule in self.view.get_permissions()):
            found |= SIGNED_IN
        if self.method in ("POST", "PUT", "PATCH", "DELETE"):
            found |= WITH_BODY
        # An address with an id, or a view that looks for something else.
        if "{" in self.path or getattr(self.view, "may_find_nothing", False):
            found |= WITH_ID
        return dict(sorted(found.items()))


def _example(status: str) -> OpenApiExample:
    code, detail, field = EXAMPLES[status]
    value: dict[str, Any] = {
        "type": f"urn:ourvidz:problem:{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": int(status),
        "code": code,
        "detail": detail,
    }
    if field:
        value["errors"] = [{"field": field, "code": code, "detail": detail}]
    return OpenApiExample(code, value)


class TokenScheme(OpenApiAuthenticationExtension):
    """`Authorization: Bearer ovz_…`"""

    target_class = "accounts.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "An API token from your account page.",
        }


class SessionScheme(OpenApiAuthenticationExtension):
    """The browser's session. Writing needs the CSRF token in `X-CSRFToken`."""

    target_class = "accounts.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": "sessionid",
            "description": "The browser's session; writing needs `X-CSRFToken`.",
        }
