"""Where each address leads. Every app brings its own; `/v1/` and `/sdapi/` stay free for the
protocols of other clients. Not for views.
"""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

# Under /api/ these answer with problems (RFC 9457), elsewhere with the usual pages.
handler400 = "ourvidz.api.bad_request"
handler404 = "ourvidz.api.not_found"
handler500 = "ourvidz.api.server_error"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="workspace:home"), name="home"),
    path("workspace/", include("workspace.urls")),
    path("library/", include("library.urls")),
    path("models/", include("jobs.model_urls")),
    path("workers/", include("workers.page_urls")),
    path("account/webhooks/", include("jobs.webhooks.page_urls")),
    path("account/", include("accounts.page_urls")),
    path("account/", include("accounts.theme_urls")),
    path("accounts/", include("accounts.urls")),
    path("accounts/", include("allauth.account.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/worker/", include("workers.urls")),
    path("", include("ourvidz.media_urls")),
    # Last of its prefix: it answers everything below /api/ that leads nowhere.
    path("api/", include("ourvidz.api_urls")),
]
