"""The account page. Not for sign-in, which is under /accounts/."""

from __future__ import annotations

from django.urls import path

from accounts import page_views

app_name = "account"

urlpatterns = [
    path("", page_views.home, name="home"),
    path("profile", page_views.profile, name="profile"),
    path("tokens", page_views.create_token, name="create-token"),
    path("tokens/<uuid:token_id>/revoke", page_views.revoke_token, name="revoke-token"),
]
