"""The address of the operators' page of models. Not for the API."""

from __future__ import annotations

from django.urls import path

from jobs import model_views

urlpatterns = [
    path("", model_views.home, name="models"),
    path("offer", model_views.offer, name="model_offer"),
    path("<slug:slug>/<str:action>", model_views.act, name="model_action"),
]
