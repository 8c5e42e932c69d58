"""The workspace app: it registers itself as a place where results land. Not for logic."""

from django.apps import AppConfig


class WorkspaceConfig(AppConfig):
    name = "workspace"
