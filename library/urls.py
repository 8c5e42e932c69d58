"""The library's pages and fragments. Not for the API: see api_urls."""

from __future__ import annotations

from django.urls import path

from library import keeping_views, views

app_name = "library"

urlpatterns = [
    path("", views.shelf, name="home"),
    path("starred/", views.shelf, {"name": "starred"}, name="starred"),
    path("videos/", views.shelf, {"name": "videos"}, name="videos"),
    path("bin/", views.shelf, {"name": "bin"}, name="bin"),
    path("shelves", views.shelves, name="shelves"),
    path("move", views.move, name="move"),
    path("star", views.star, name="star"),
    path("delete", views.delete, name="delete"),
    path("restore", views.restore, name="restore"),
    path("download", views.download, name="download"),
    path("tag", keeping_views.tag, name="tag"),
    path("remove", keeping_views.remove, name="remove"),
    path("move-back/<str:token>", keeping_views.move_back, name="move-back"),
    path("searches", keeping_views.save_search, name="save-search"),
    path("searches/again", keeping_views.search_again, name="search-again"),
    path("searches/<uuid:search_id>/delete", keeping_views.delete_search, name="delete-search"),
    path("projects", views.create_project, name="create-project"),
    path("projects/<uuid:project_id>/", views.project, name="project"),
    path("projects/<uuid:project_id>/rename", views.rename_project, name="rename-project"),
    path("projects/<uuid:project_id>/delete", views.delete_project, name="delete-project"),
    path(
        "projects/<uuid:project_id>/restore", keeping_views.restore_project, name="restore-project"
    ),
    path("projects/<uuid:project_id>/cover", views.cover, name="cover"),
    path("references/", views.reference_shelf, name="references"),
    path("references/add", views.add_references, name="add-references"),
    path("references/<uuid:reference_id>/delete", views.delete_reference, name="delete-reference"),
    path(
        "references/<uuid:reference_id>/restore", views.restore_reference, name="restore-reference"
    ),
    path("<uuid:media_id>/", views.viewer, name="viewer"),
    path("<uuid:media_id>/as/<str:wanted>", keeping_views.picture_as, name="picture-as"),
]
