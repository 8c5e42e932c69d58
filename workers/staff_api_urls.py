"""The operators' addresses of this app in the API. Not for the workers' protocol."""

from __future__ import annotations

from django.urls import path

from workers.scaling_api import Pools
from workers.staff_api import Workers
from workers.url_api import ActiveWorkerUrl, HealthCheck, RegisterChatWorker, UpdateWorkerUrl

urlpatterns = [
    path("pools", Pools.as_view({"get": "list"}), name="api_pools"),
    path("pools/<slug:name>/wanted", Pools.as_view({"get": "wanted"}), name="api_pool_wanted"),
    path("workers", Workers.as_view({"get": "list"}), name="api_workers"),
    path("workers/<uuid:id>", Workers.as_view({"get": "retrieve"}), name="api_worker"),
    path("workers/<uuid:id>/disable", Workers.as_view({"post": "disable"}), name="api_disable"),
    path("workers/<uuid:id>/drain", Workers.as_view({"post": "drain"}), name="api_drain"),
    path("workers/<uuid:id>/history", Workers.as_view({"get": "history"}), name="api_history"),
    path("workers/<uuid:id>/enable", Workers.as_view({"post": "enable"}), name="api_enable"),
    path("update-worker-url", UpdateWorkerUrl.as_view(), name="api_update_worker_url"),
    path("get-active-worker-url", ActiveWorkerUrl.as_view(), name="api_active_worker_url"),
    path("health-check-workers", HealthCheck.as_view(), name="api_health_check_workers"),
    path("register-chat-worker", RegisterChatWorker.as_view(), name="api_register_chat_worker"),
]
