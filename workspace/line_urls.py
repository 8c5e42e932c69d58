"""The addresses of a person's own line. Not for the API's: see jobs."""

from __future__ import annotations

from django.urls import path

from workspace import line_views

urlpatterns = [
    path("line/", line_views.line, name="line"),
    path("line/<uuid:job_id>/act", line_views.act, name="line-act"),
    path("line/<uuid:job_id>/change", line_views.change, name="line-change"),
    path("batches/<uuid:batch_id>/act", line_views.act_on_batch, name="batch-act"),
]
