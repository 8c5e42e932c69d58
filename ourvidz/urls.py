"""Where each address leads. Every app brings its own; `/v1/` and `/sdapi/` stay free for other clients'
protocols. Not for views.
"""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="workspace:home"), name="home"),
    path("accounts/", include("allauth.account.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/worker/", include("workers.urls")),
    path("", include("ourvidz.media_urls")),
]
