"""The API's addresses of this app. Not for pages."""

from __future__ import annotations

from django.urls import path

from jobs.api import Jobs, Presets

urlpatterns = [
    path("presets", Presets.as_view({"get": "list"}), name="api_presets"),
    path("presets/<slug:slug>", Presets.as_view({"get": "retrieve"}), name="api_preset"),
    path("jobs", Jobs.as_view({"get": "list", "post": "create"}), name="api_jobs"),
    path("jobs/<uuid:id>", Jobs.as_view({"get": "retrieve"}), name="api_job"),
    path("jobs/<uuid:id>/cancel", Jobs.as_view({"post": "cancel"}), name="api_job_cancel"),
]
