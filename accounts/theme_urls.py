"""The address of the theme switch, which the header of every page has. Not for the account page."""

from __future__ import annotations

from django.urls import path

from accounts.page_views import theme

urlpatterns = [path("theme", theme, name="account_theme")]
