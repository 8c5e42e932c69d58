"""The library app. Not for logic: see services.py."""

from django.apps import AppConfig


class LibraryConfig(AppConfig):
    name = "library"
