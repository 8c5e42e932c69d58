"""The addresses of the worker protocol, below /api/v1/worker/. Not for uploads: see storage."""

from __future__ import annotations

from django.urls import path

from workers import api

urlpatterns = [
    path("enrol", api.Enrol.as_view()),
    path("register", api.Register.as_view()),
    path("heartbeat", api.Heartbeat.as_view()),
    path("claim", api.Claim.as_view()),
    path("progress", api.Progress.as_view()),
    path("job-callback", api.JobCallback.as_view()),
]
