"""The API's addresses of this app. Not for pages."""

from __future__ import annotations

from typing import Any

from django.urls import path

from workspace.api import Items, JobResult, MediaAgain, Sessions
from workspace.bin_api import Bin

ONE_SESSION: dict[str, Any] = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}


urlpatterns = [
    path("sessions", Sessions.as_view({"get": "list", "post": "create"}), name="api_sessions"),
    path(
        "sessions/create_workspace_session",
        Sessions.as_view({"post": "create_workspace_session"}),
        name="api_create_workspace_session",
    ),
    path("sessions/<uuid:id>", Sessions.as_view(ONE_SESSION), name="api_session"),
    path(
        "sessions/<uuid:id>/clear_workspace_session",
        Sessions.as_view({"post": "clear_workspace_session"}),
        name="api_clear_workspace_session",
    ),
    path(
        "sessions/<uuid:id>/restore",
        Sessions.as_view({"post": "restore"}),
        name="api_restore_session",
    ),
    path("items", Items.as_view({"get": "list"}), name="api_items"),
    path("items/bin", Bin.as_view({"get": "list", "delete": "empty"}), name="api_item_bin"),
    path("items/bin/restore", Bin.as_view({"post": "restore"}), name="api_restore_items"),
    path("items/bin/<uuid:id>", Bin.as_view({"delete": "destroy"}), name="api_remove_item"),
    path(
        "items/<uuid:id>",
        Items.as_view({"get": "retrieve", "delete": "destroy"}),
        name="api_item",
    ),
    path("items/<uuid:id>/restore", Items.as_view({"post": "restore"}), name="api_restore_item"),
    path(
        "items/<uuid:id>/save_workspace_item_to_library",
        Items.as_view({"post": "save_workspace_item_to_library"}),
        name="api_save_workspace_item_to_library",
    ),
    path("items/<uuid:id>/unsave", Items.as_view({"post": "unsave"}), name="api_unsave_item"),
    path(
        "items/<uuid:id>/regenerate",
        Items.as_view({"post": "regenerate"}),
        name="api_regenerate_item",
    ),
    path("media/<uuid:id>/regenerate", MediaAgain.as_view(), name="api_regenerate_media"),
    path("jobs/<uuid:id>/result", JobResult.as_view(), name="api_job_result"),
]
