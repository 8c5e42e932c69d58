"""The jobs app: it tells people who wait where they stand. Not for logic: see services.py."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "jobs"

    def ready(self) -> None:
        from jobs.places import Places
        from ourvidz import sockets

        sockets.add_round("queue.places", 2.0, Places())
