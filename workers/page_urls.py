"""The addresses of the operators' page of workers. Not for the API."""

from __future__ import annotations

from django.urls import path

from workers import page_views

urlpatterns = [
    path("", page_views.home, name="workers"),
    path("<uuid:worker_id>", page_views.worker, name="worker"),
    path("<uuid:worker_id>/<str:action>", page_views.act, name="worker_action"),
]
