"""The API's addresses of this app. Not for pages."""

from __future__ import annotations

from typing import Any

from django.urls import include, path

from jobs.api import Batches, JobEvents, Jobs, Presets
from jobs.line_api import MyLimits, OwnLine, Priority
from jobs.staff_api import Models

ONE_JOB: dict[str, Any] = {"get": "retrieve", "patch": "partial_update"}

urlpatterns = [
    path("presets", Presets.as_view({"get": "list"}), name="api_presets"),
    path("presets/<slug:slug>", Presets.as_view({"get": "retrieve"}), name="api_preset"),
    path("models", Models.as_view({"get": "list"}), name="api_models"),
    path(
        "models/<slug:slug>",
        Models.as_view({"get": "retrieve", "delete": "destroy"}),
        name="api_model",
    ),
    path("models/<slug:slug>/fetch", Models.as_view({"post": "fetch"}), name="api_fetch_model"),
    path("models/<slug:slug>/stop", Models.as_view({"post": "stop"}), name="api_stop_fetch"),
    path("jobs", Jobs.as_view({"get": "list", "post": "create"}), name="api_jobs"),
    path("jobs/estimate", Jobs.as_view({"post": "estimate"}), name="api_estimate"),
    path("jobs/<uuid:id>", Jobs.as_view(ONE_JOB), name="api_job"),
    path("jobs/<uuid:id>/move", OwnLine.as_view({"post": "move"}), name="api_move_job"),
    path("jobs/<uuid:id>/pause", OwnLine.as_view({"post": "pause"}), name="api_pause_job"),
    path("jobs/<uuid:id>/resume", OwnLine.as_view({"post": "resume"}), name="api_resume_job"),
    path("jobs/<uuid:id>/priority", Priority.as_view(), name="api_prioritise_job"),
    path("me/limits", MyLimits.as_view(), name="api_my_limits"),
    path("jobs/<uuid:id>/cancel", Jobs.as_view({"post": "cancel"}), name="api_job_cancel"),
    path("jobs/<uuid:id>/events", JobEvents.as_view(), name="api_job_events"),
    path("batches/<uuid:id>", Batches.as_view({"get": "retrieve"}), name="api_batch"),
    path("batches/<uuid:id>/pause", OwnLine.as_view({"post": "pause_batch"})),
    path("batches/<uuid:id>/resume", OwnLine.as_view({"post": "resume_batch"})),
    path("batches/<uuid:id>/cancel", Batches.as_view({"post": "cancel"}), name="api_batch_cancel"),
    path("", include("jobs.webhooks.api_urls")),
]
