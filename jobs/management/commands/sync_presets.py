"""`manage.py sync_presets`: the declarative file becomes the table. Not for fetching models."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from jobs.preset_file import BadPresets
from jobs.presets import sync_presets
from ourvidz import rows


class Command(BaseCommand):
    """Write jobs/presets.toml to the table model_presets."""

    help = "Write jobs/presets.toml to the table model_presets."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with rows.as_service("sync presets"):
                count = sync_presets()
        except BadPresets as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(f"{count} presets are up to date.")
