"""The library app: it registers itself as a place where results land. Not for logic: see
services.py.
"""

from django.apps import AppConfig


class LibraryConfig(AppConfig):
    name = "library"

    def ready(self) -> None:
        from library import files
        from library.destination import LibraryDestination
        from ourvidz import destinations

        destinations.register(LibraryDestination())
        files.register()
