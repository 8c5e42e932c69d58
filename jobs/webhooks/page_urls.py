"""The addresses of the account's page of webhooks. Not for the API."""

from __future__ import annotations

from django.urls import path

from jobs.webhooks import page_views

app_name = "webhooks"

urlpatterns = [
    path("", page_views.home, name="home"),
    path("new", page_views.create, name="create"),
    path("<uuid:webhook_id>/<slug:action>", page_views.act, name="act"),
    path("<uuid:webhook_id>/deliveries/<uuid:delivery_id>", page_views.redeliver, name="redeliver"),
]
