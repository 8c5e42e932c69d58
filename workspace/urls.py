"""The workspace's page and its fragments. Not for the API: see the API's routes."""

from __future__ import annotations

from django.urls import path

from workspace import making_views, views

app_name = "workspace"

urlpatterns = [
    path("", views.home, name="home"),
    path("words", views.words, name="words"),
    path("generate", views.generate, name="generate"),
    path("references", making_views.picker, name="picker"),
    path("references/add", making_views.upload, name="add-reference"),
    path("make", making_views.make, name="make"),
    path("sessions", views.create, name="create"),
    path("items/many", views.many, name="many"),
    path("items/restore", views.restore_many, name="restore-many"),
    path("items/<uuid:item_id>/card", views.card, name="card"),
    path("items/<uuid:item_id>/save", views.save, name="save"),
    path("items/<uuid:item_id>/delete", views.delete, name="delete"),
    path("items/<uuid:item_id>/restore", views.restore, name="restore"),
    path("items/<uuid:item_id>/cancel", views.cancel, name="cancel"),
    path("items/<uuid:item_id>/regenerate", views.regenerate, name="regenerate"),
    path("items/<uuid:item_id>/retry", views.retry, name="retry"),
    path("<uuid:session_id>/", views.session, name="session"),
    path("<uuid:session_id>/title", views.title, name="title"),
    path("<uuid:session_id>/batches", views.batches, name="batches"),
    path("<uuid:session_id>/rename", views.rename, name="rename"),
    path("<uuid:session_id>/clear", views.clear, name="clear"),
    path("<uuid:session_id>/restore", views.restore_session, name="restore-session"),
]
