"""The API's own description: the OpenAPI file and a page to browse it, both public. Not for what
they say: see schema.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django.utils.translation import get_language
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import (
    OpenApiJsonRenderer,
    OpenApiJsonRenderer2,
    OpenApiYamlRenderer,
    OpenApiYamlRenderer2,
)
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.request import Request
from rest_framework.response import Response


class SchemaFile(SpectacularAPIView):
    """The OpenAPI 3.1 description: JSON, or YAML for who asks for it."""

    renderer_classes = [
        OpenApiJsonRenderer2,
        OpenApiJsonRenderer,
        OpenApiYamlRenderer,
        OpenApiYamlRenderer2,
    ]
    throttle_scope = "read"

    def _get_schema_response(self, request: Request) -> Response:
        return Response(_description(get_language() or ""))


class Docs(SpectacularSwaggerSplitView):
    """Swagger UI, served by ourselves. Its script and style are files: the strict content security
    policy holds here too.
    """

    template_name = "api/docs.html"
    throttle_scope = "read"


@cache
def _description(language: str) -> dict[str, Any]:
    """Anybody may ask, so it is worked out once a language (0.2 s), not once a request."""
    return SchemaGenerator().get_schema(request=None, public=True)
