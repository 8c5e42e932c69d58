"""The addresses of files, for pages, API clients and workers. Not for the API's resources."""

from __future__ import annotations

from django.urls import path

from ourvidz import media_views, upload_views

urlpatterns = [
    path("media/signed/<str:token>", media_views.signed_media, name="signed-media"),
    path("media/<uuid:row_id>/<str:variant>", media_views.media, name="media"),
    path(
        "api/v1/worker/uploads/<str:token>",
        upload_views.WorkerUpload.as_view(),
        name="worker-upload",
    ),
]
