"""The workspace's page and its fragments. Not for the API: see the API's routes."""

from __future__ import annotations

from django.urls import include, path

from workspace import bin_views, making_views, viewer_views, views

app_name = "workspace"

urlpatterns = [
    path("", views.home, name="home"),
    path("words", views.words, name="words"),
    path("generate", views.generate, name="generate"),
    path("references", making_views.picker, name="picker"),
    path("references/add", making_views.upload, name="add-reference"),
    path("references/recall", making_views.recall, name="recall"),
    path("make", making_views.make, name="make"),
    path("sessions", views.create, name="create"),
    path("items/many", views.many, name="many"),
    path("items/restore", views.restore_many, name="restore-many"),
    path("items/unsave", views.unsave_many, name="unsave-many"),
    path("items/download", bin_views.download, name="download-many"),
    path("bin/", bin_views.page, name="bin"),
    path("bin/restore", bin_views.restore, name="bin-restore"),
    path("bin/empty", bin_views.empty, name="bin-empty"),
    path("items/<uuid:item_id>/card", views.card, name="card"),
    path("cards", views.cards, name="cards"),
    path("items/<uuid:item_id>/details", viewer_views.details, name="details"),
    path("items/<uuid:item_id>/save", views.save, name="save"),
    path("items/<uuid:item_id>/unsave", views.unsave, name="unsave"),
    path("items/<uuid:item_id>/delete", views.delete, name="delete"),
    path("items/<uuid:item_id>/restore", views.restore, name="restore"),
    path("items/<uuid:item_id>/cancel", views.cancel, name="cancel"),
    path("items/<uuid:item_id>/regenerate", views.regenerate, name="regenerate"),
    path("items/<uuid:item_id>/retry", views.retry, name="retry"),
    path("batches/<uuid:batch_id>/retry", views.retry_batch, name="retry-batch"),
    path("", include("workspace.line_urls")),
    path("<uuid:session_id>/", views.session, name="session"),
    path("<uuid:session_id>/title", views.title, name="title"),
    path("<uuid:session_id>/batches", views.batches, name="batches"),
    path("<uuid:session_id>/rename", views.rename, name="rename"),
    path("<uuid:session_id>/clear", views.clear, name="clear"),
    path("<uuid:session_id>/delete", bin_views.delete_session, name="delete-session"),
    path("<uuid:session_id>/here", bin_views.here, name="here"),
    path("<uuid:session_id>/leave", bin_views.leave, name="leave"),
    path("<uuid:session_id>/noticed", bin_views.noticed, name="noticed"),
    path("<uuid:session_id>/restore", views.restore_session, name="restore-session"),
]
