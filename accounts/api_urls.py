"""The API's addresses of this app. Not for pages."""

from __future__ import annotations

from django.urls import path

from accounts.api import Me, Tokens

urlpatterns = [
    path("me", Me.as_view(), name="api_me"),
    path("me/tokens", Tokens.as_view({"get": "list", "post": "create"}), name="api_tokens"),
    path("me/tokens/<uuid:id>", Tokens.as_view({"delete": "destroy"}), name="api_token"),
]
