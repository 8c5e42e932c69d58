"""Addresses under /accounts/ that allauth does not have. They run with the system's identity. Not
for the API: see api_urls.
"""

from __future__ import annotations

from django.urls import path

from accounts.views import OneTimeLink

urlpatterns = [
    path("once/<str:token>", OneTimeLink.as_view(), name="one_time_link"),
]
