"""`manage.py models list|fetch|check|remove|lora`: the models on this machine. What it does is in
jobs/models_store.py and jobs/loras_store.py; here it is only said on a terminal.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.template.defaultfilters import filesizeformat
from tqdm import tqdm  # type: ignore[import-untyped]

from jobs import loras_store, models_store, presets
from jobs.models import Preset
from jobs.models_store import ModelState, Progress
from ourvidz import rows
from ourvidz.errors import Refused

LINE = "{slug:20} {state:10} {size:>10}  {licence}"


class Bar:
    """A progress bar of bytes, made when it is known how many there are."""

    def __init__(self) -> None:
        self.bar: Any = None

    def __call__(self, progress: Progress) -> None:
        if self.bar is None:
            self.bar = tqdm(total=progress.of, unit="B", unit_scale=True, unit_divisor=1024)
        self.bar.set_postfix_str(progress.file[-40:], refresh=False)
        self.bar.update(progress.done - self.bar.n)

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()


class Command(BaseCommand):
    help = "Which models are on this machine; fetch, check and remove them."
    requires_system_checks: list[str] = []  # a fetch needs no database

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        what = parser.add_subparsers(dest="what", required=True)
        what.add_parser("list", help="Every preset, its licence, and whether its model is here.")
        fetch = what.add_parser(
            "fetch", help="Bring models here; go on where that was interrupted."
        )
        fetch.add_argument("slugs", nargs="+", metavar="PRESET")
        fetch.add_argument("--from", dest="folder", type=Path, help="Take it from this folder.")
        for name, text in (
            ("check", "Compare every file's checksum."),
            ("remove", "Delete what was fetched."),
        ):
            one = what.add_parser(name, help=text)
            one.add_argument("slugs", nargs="+", metavar="PRESET")

        lora = what.add_parser("lora", help="Bring a LoRA here, for people to choose.")
        lora.add_argument("name", metavar="OWNER/NAME", help="Its hub id.")
        lora.add_argument("--file", default="", help="Which of its files, where it has several.")
        lora.add_argument("--revision", default="", help="A commit or a branch.")

    def handle(self, *args: Any, what: str, **options: Any) -> None:
        known = _presets()
        try:
            if what == "list":
                self._list(known)
                return
            if what == "lora":
                self._lora(**options)
                return
            for slug in options["slugs"]:
                if slug not in known:
                    raise Refused("preset_unknown", preset=slug)
                getattr(self, f"_{what}")(known[slug], known, options)
        except Refused as refused:
            raise CommandError(str(refused)) from refused
        except KeyboardInterrupt as stop:
            raise CommandError("Stopped. Fetching it again goes on from here.") from stop
        _note()

    def _list(self, known: dict[str, Preset]) -> None:
        for state in models_store.model_states(list(known.values())):
            self.stdout.write(_line(state))

    def _fetch(self, preset: Preset, known: Any, options: dict[str, Any]) -> None:
        bar = Bar()
        self.stdout.write(f"{preset.name}: {preset.licence} {preset.licence_url}".strip())
        try:
            models_store.fetch_for(preset, report=bar, folder=options["folder"])
        finally:
            bar.close()
        self.stdout.write(f"{preset.slug} is here.")

    def _lora(self, name: str, file: str, revision: str, **options: Any) -> None:
        bar = Bar()
        self.stdout.write(f"Its licence: {settings.HF_ENDPOINT}/{name}")
        try:
            path = loras_store.fetch_lora(name, bar, revision=revision, file=file)
        finally:
            bar.close()
        self.stdout.write(f"{path.relative_to(settings.LORAS_DIR).as_posix()} is here.")

    def _check(self, preset: Preset, known: Any, options: dict[str, Any]) -> None:
        bar = Bar()
        try:
            problems = models_store.check(preset, bar)
        finally:
            bar.close()
        for problem in problems:
            self.stderr.write(f"{problem.file} {'is missing' if problem.is_missing else 'differs'}")
        if problems:
            raise CommandError(f"Fetch {preset.slug} again: remove it first.")
        self.stdout.write(f"{preset.slug}: every file is as it was fetched.")

    def _remove(self, preset: Preset, known: dict[str, Preset], options: Any) -> None:
        others = [other for other in known.values() if other.slug != preset.slug]
        freed = models_store.remove_for(preset, others)
        self.stdout.write(f"{preset.slug} removed: {filesizeformat(freed)}.")


def _line(state: ModelState) -> str:
    preset = state.preset
    size = filesizeformat(state.bytes_here or preset.size_bytes or 0)
    licence = preset.licence + ("" if preset.commercial else " (no commercial use)")
    return LINE.format(slug=preset.slug, state=state.state, size=size, licence=licence)


def _presets() -> dict[str, Preset]:
    """The table's presets, as operators have changed them; the file's where no server runs yet."""
    try:
        with rows.as_service("models"):
            found = list(Preset.objects.order_by("sort_order", "slug"))
    except DatabaseError:
        found = presets.declared_presets()
    return {preset.slug: preset for preset in found}


def _note() -> None:
    """Offer what is here now; without a server the next start does."""
    try:
        with rows.as_service("models"):
            presets.note_installed()
    except DatabaseError:
        return
