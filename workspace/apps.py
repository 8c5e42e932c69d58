"""The workspace app: it registers itself as a place where results land. Not for logic."""

from django.apps import AppConfig


class WorkspaceConfig(AppConfig):
    name = "workspace"

    def ready(self) -> None:
        from ourvidz import destinations
        from workspace import files
        from workspace.destination import WorkspaceDestination
        from workspace.references import record_references

        destinations.register(WorkspaceDestination())
        destinations.follow(record_references)
        files.register()
