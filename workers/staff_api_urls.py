"""The operators' addresses of this app in the API. Not for the workers' protocol."""

from __future__ import annotations

from django.urls import path

from workers.scaling_api import Pools
from workers.staff_api import Workers

urlpatterns = [
    path("pools", Pools.as_view({"get": "list"}), name="api_pools"),
    path("pools/<slug:name>/wanted", Pools.as_view({"get": "wanted"}), name="api_pool_wanted"),
    path("workers", Workers.as_view({"get": "list"}), name="api_workers"),
    path("workers/<uuid:id>", Workers.as_view({"get": "retrieve"}), name="api_worker"),
    path("workers/<uuid:id>/disable", Workers.as_view({"post": "disable"}), name="api_disable"),
    path("workers/<uuid:id>/enable", Workers.as_view({"post": "enable"}), name="api_enable"),
]
