"""Presets as data: reads the declarative file, writes it to the table, and knows which words a
preset's model was scored on. Not for running a preset: workers do.
"""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings

from jobs.models import Preset

FILE = Path(__file__).with_name("presets.toml")
WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")


def sync_presets(path: Path = FILE) -> int:
    """Write every preset of the file to the table; returns how many. What an operator switched off
    stays off, since `is_enabled` is not in the file."""
    declared = tomllib.loads(path.read_text())["preset"]
    for preset in declared:
        Preset.objects.update_or_create(
            slug=preset["slug"], defaults={k: v for k, v in preset.items() if k != "slug"}
        )
    return len(declared)


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
    groups = {
        name: [entry["word"] for entry in data.get(name, [])]
        for name in ("things", "places", "times", "colours")
    }
    entries = [entry for name in groups for entry in data.get(name, [])]
    texts = [text for entry in entries for text in (entry["word"], *entry.get("synonyms", []))]
    known = frozenset(word.lower() for text in texts for word in WORD.findall(text))
    connectives = frozenset(word.lower() for word in data.get("connectives", []))
    return Words(known, connectives, groups, tuple(data.get("examples", [])))
