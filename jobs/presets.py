"""Presets as data: writes the declarative file to the table, keeps what operators changed, knows
which models are there and which words they were scored on. Not for running a preset: workers do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from jobs import models_folder
from jobs.models import Preset
from jobs.preset_file import read_presets

FILE = Path(__file__).with_name("presets.toml")
WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
# Of words that a model knows; one that it gets right less often is not said to be known.
KINDS = ("things", "places", "times", "colours", "sides", "sizes", "motions")
LEARNED = 0.8
# What a preset has that the file does not name.
DEFAULTS: dict[str, Any] = {
    "revision": "",
    "licence_url": "",
    "commercial": True,
    "gated": False,
    "size_bytes": None,
    "memory_bytes": None,
    "max_references": 0,
    "options": {},
    "words_path": "",
    "count_help": "",
    "expected_seconds": 10,
    "is_enabled": True,
    "sort_order": 0,
}
# By the table's name: the registry belongs to an app above this one.
SAID_BY_WORKERS = """
    SELECT unnest(presets || sources) FROM worker_urls
    WHERE status IN ('active', 'draining', 'quarantined')
"""
LORAS_OF_WORKERS = "SELECT DISTINCT unnest(loras) FROM worker_urls WHERE status = 'active'"
# What operators may change. A changed field is named in `edited`, and the file leaves it alone.
EDITABLE = (
    "name",
    "source",
    "revision",
    "is_enabled",
    "sort_order",
    "expected_seconds",
    "parameters",
    "options",
)


def sync_presets(path: Path = FILE) -> int:
    """Write every preset of the file to the table, but not over what operators changed; returns how
    many. Raises BadPresets before anything is written where the file cannot be used.
    """
    declared = read_presets(path)
    edited = dict(Preset.objects.values_list("slug", "edited"))
    for given in declared:
        kept = edited.get(given["slug"], [])
        values = {k: v for k, v in _columns(given).items() if k not in kept}
        Preset.objects.update_or_create(
            slug=given["slug"], defaults=values, create_defaults=_columns(given)
        )
    note_installed()
    return len(declared)


def declared_presets(path: Path = FILE) -> list[Preset]:
    """Return the file's presets as rows that are not saved. Raises BadPresets."""
    return [Preset(slug=one["slug"], **_columns(one)) for one in read_presets(path)]


def switch_preset(*, preset: Preset, on: bool) -> None:
    """Let an operator offer a preset, or take it away, whatever the file says."""
    Preset.objects.filter(pk=preset.pk).update(is_enabled=on)
    note_edits(preset, ["is_enabled"])


def note_edits(preset: Preset, names: Iterable[str]) -> None:
    """Remember that an operator changed these fields, so that the file leaves them alone."""
    edited = sorted({*preset.edited, *(name for name in names if name in EDITABLE)})
    Preset.objects.filter(pk=preset.pk).update(edited=edited)


def forget_edits(slugs: Iterable[str], path: Path = FILE) -> None:
    """Take the file's values again, in the place of what operators changed."""
    Preset.objects.filter(slug__in=list(slugs)).update(edited=[])
    sync_presets(path)


def note_installed() -> None:
    """Write down which presets can be used: their model is on this machine, or a worker says that
    it has it. Called when the file, the folder of models or the registry of workers has changed.
    """
    known = _said_by_workers()
    for preset in Preset.objects.all():
        there = models_folder.is_here(preset) or not known.isdisjoint((preset.slug, preset.source))
        if there != preset.is_installed:
            Preset.objects.filter(pk=preset.pk).update(is_installed=there)


def _said_by_workers() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(SAID_BY_WORKERS)
        return {name for (name,) in cursor.fetchall()}


def loras_of_workers() -> list[str]:
    """Return the LoRAs that at least one active worker has. As the service."""
    with connection.cursor() as cursor:
        cursor.execute(LORAS_OF_WORKERS)
        return [name for (name,) in cursor.fetchall()]


def _columns(given: dict[str, Any]) -> dict[str, Any]:
    named = {k: v for k, v in given.items() if k not in ("slug", "enabled")}
    return {**DEFAULTS, "is_enabled": given.get("enabled", True), **named}


@dataclass(frozen=True)
class Words:
    """What a model was taught, as its card says: single words in lower case."""

    known: frozenset[str] = frozenset()
    connectives: frozenset[str] = frozenset()
    groups: dict[str, list[str]] = field(default_factory=dict)
    examples: tuple[str, ...] = ()

    def unknown(self, prompt: str) -> list[str]:
        """Return the words of a prompt that the model never saw, in their order, each once."""
        if not self.known:
            return []
        words = dict.fromkeys(word.lower() for word in WORD.findall(prompt))
        return [word for word in words if word not in self.known | self.connectives]


def words_of(preset: Preset) -> Words:
    """Return what the preset's model knows; empty for models that know any word."""
    if not preset.words_path:
        return Words()
    path = settings.BASE_DIR / preset.words_path
    try:
        return _read_words(str(path), path.stat().st_mtime)
    except FileNotFoundError:
        return Words()


@lru_cache(maxsize=16)
def _read_words(path: str, changed: float) -> Words:
    """Read a words file once for each time that it changed."""
    data: dict[str, Any] = json.loads(Path(path).read_text())
    learned = {
        name: [entry for entry in data.get(name, []) if entry.get("score", 1.0) >= LEARNED]
        for name in KINDS
    }
    groups = {name: [entry["word"] for entry in entries] for name, entries in learned.items()}
    entries = [entry for found in learned.values() for entry in found]
    texts = [text for entry in entries for text in (entry["word"], *entry.get("synonyms", []))]
    known = frozenset(word.lower() for text in texts for word in WORD.findall(text))
    connectives = frozenset(word.lower() for word in data.get("connectives", []))
    return Words(known, connectives, groups, tuple(data.get("examples", [])))
