"""The API's addresses of webhooks. Not for the page."""

from __future__ import annotations

from typing import Any

from django.urls import path

from jobs.webhooks.api import Deliveries, Webhooks

ONE: dict[str, Any] = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}
ALL: dict[str, Any] = {"get": "list", "post": "create"}

urlpatterns = [
    path("webhooks", Webhooks.as_view(ALL), name="api_webhooks"),
    path("webhooks/<uuid:id>", Webhooks.as_view(ONE), name="api_webhook"),
    path("webhooks/<uuid:id>/rotate", Webhooks.as_view({"post": "rotate"}), name="api_rotate"),
    path("webhooks/<uuid:id>/test", Webhooks.as_view({"post": "test"}), name="api_test_webhook"),
    path(
        "webhooks/<uuid:id>/deliveries",
        Deliveries.as_view({"get": "list"}),
        name="api_deliveries",
    ),
    path(
        "webhooks/<uuid:id>/deliveries/<uuid:delivery_id>/redeliver",
        Deliveries.as_view({"post": "redeliver"}),
        name="api_redeliver",
    ),
]
