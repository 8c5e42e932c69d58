"""The project's own app: shared tables, checks and static files. Not for features."""

from django.apps import AppConfig


class OurVidzConfig(AppConfig):
    name = "ourvidz"
    label = "ourvidz"

    def ready(self) -> None:
        from ourvidz import checks  # noqa: F401  (registers itself)
