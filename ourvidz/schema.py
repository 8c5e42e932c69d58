"""How the API describes itself: tags by resource, and the problems that every operation can answer
with. Not for describing single operations: their views do that.
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
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


class FieldProblem(serializers.Serializer):
    """What is wrong with one field."""

    field = serializers.CharField(help_text="Where, e.g. `parameters.width`.", allow_blank=True)
    code = serializers.CharField()
    detail = serializers.CharField()


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A size that the preset does not offer",
            value={
                "type": "urn:ourvidz:problem:parameter_range",
                "title": "Parameter range",
                "status": 422,
                "code": "parameter_range",
                "detail": "Width must be between 64 and 256.",
                "errors": [
                    {
                        "field": "parameters.width",
                        "code": "parameter_range",
                        "detail": "Width must be between 64 and 256.",
                    }
                ],
            },
            response_only=True,
        )
    ]
)
class Problem(serializers.Serializer):
    """What went wrong, as RFC 9457 has it. `code` is stable, `detail` is for people."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
    errors = FieldProblem(many=True, required=False)


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
                answer = self._get_response_for_code(Problem, status, [PROBLEM_TYPE])
                known[status] = {**answer, "description": description}

    def _problems(self) -> dict[str, str]:
        found = dict(ALWAYS)
        if not any(isinstance(rule, AllowAny) for rule in self.view.get_permissions()):
            found |= SIGNED_IN
        if self.method in ("POST", "PUT", "PATCH", "DELETE"):
            found |= WITH_BODY
        if "{" in self.path:
            found |= WITH_ID
        return dict(sorted(found.items()))


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
