"""The jobs app. Not for logic: see services.py."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "jobs"
