"""The API's addresses of this app. Not for pages."""

from __future__ import annotations

from typing import Any

from django.urls import path

from library.api import MediaViews, Projects
from library.api_order import References, SavedSearches, Tags

ONE: dict[str, Any] = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}
KEPT: dict[str, Any] = {"get": "retrieve", "delete": "destroy"}
LIST: dict[str, Any] = {"get": "list", "post": "create"}

urlpatterns = [
    path("media", MediaViews.as_view({"get": "list"}), name="api_media_list"),
    path("media/bin", MediaViews.as_view({"get": "bin", "delete": "empty"}), name="api_media_bin"),
    path("media/many", MediaViews.as_view({"post": "many"}), name="api_media_many"),
    path("media/<uuid:id>", MediaViews.as_view(ONE), name="api_media"),
    path("media/<uuid:id>/restore", MediaViews.as_view({"post": "restore"}), name="api_restore"),
    path("media/<uuid:id>/family", MediaViews.as_view({"get": "family"}), name="api_family"),
    path(
        "media/<uuid:id>/as/<str:wanted>",
        MediaViews.as_view({"get": "converted"}),
        name="api_media_as",
    ),
    path("tags", Tags.as_view({"get": "list"}), name="api_tags"),
    path("tags/<uuid:id>", Tags.as_view(ONE), name="api_tag"),
    path("searches", SavedSearches.as_view(LIST), name="api_searches"),
    path("searches/<uuid:id>", SavedSearches.as_view(KEPT), name="api_search"),
    path("projects", Projects.as_view(LIST), name="api_projects"),
    path("projects/<uuid:id>", Projects.as_view(ONE), name="api_project"),
    path(
        "projects/<uuid:id>/restore",
        Projects.as_view({"post": "restore"}),
        name="api_restore_project",
    ),
    path("references", References.as_view(LIST), name="api_references"),
    path("references/<uuid:id>", References.as_view(KEPT), name="api_reference"),
]
