"""The addresses of the API: every app brings its own, all under /api/v1/ and without a slash at the
end. Not for the workers' protocol, which the workers app has beside these.
"""

from __future__ import annotations

from django.urls import include, path, re_path

from ourvidz.api import Nothing
from ourvidz.api_docs import Docs, SchemaFile

urlpatterns = [
    path("schema/", SchemaFile.as_view(), name="api_schema"),
    path("docs/", Docs.as_view(url_name="api_schema"), name="api_docs"),
    path(
        "v1/",
        include(
            [
                path("", include("accounts.api_urls")),
                path("", include("jobs.api_urls")),
                path("", include("workspace.api_urls")),
                path("", include("library.api_urls")),
                path("", include("workers.staff_api_urls")),
            ]
        ),
    ),
    re_path("", Nothing.as_view()),
]
