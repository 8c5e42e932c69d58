"""The API's own description: the OpenAPI file and a page to browse it, both public. Not for what
they say: see schema.
"""

from __future__ import annotations

from drf_spectacular.renderers import (
    OpenApiJsonRenderer,
    OpenApiJsonRenderer2,
    OpenApiYamlRenderer,
    OpenApiYamlRenderer2,
)
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView


class SchemaFile(SpectacularAPIView):
    """The OpenAPI 3.1 description: JSON, or YAML for who asks for it."""

    renderer_classes = [
        OpenApiJsonRenderer2,
        OpenApiJsonRenderer,
        OpenApiYamlRenderer,
        OpenApiYamlRenderer2,
    ]
    throttle_scope = "read"


class Docs(SpectacularSwaggerSplitView):
    """Swagger UI, served by ourselves. Its script and style are files: the strict content security
    policy holds here too.
    """

    template_name = "api/docs.html"
    throttle_scope = "read"
