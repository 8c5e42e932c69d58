"""Settings that were found in a file, as the dock takes them, in parts: all of them, the words, the
seed, the size, the rest. Not for reading the file: see `ourvidz.settings_inside`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from jobs.models import Preset
from jobs.specs import PROMPT_LIMIT
from workspace.cards import NOT_REUSED


@dataclass(frozen=True)
class Part:
    """One button: what it is called, and what the dock is filled with."""

    label: str
    icon: str
    values: Mapping[str, Any]

    @property
    def use(self) -> str:
        return json.dumps(self.values)


class Recalled:
    """What a file says of how it was made. Anybody may have written it: only what the dock has a
    field for is taken, and the queue checks every value again.
    """

    def __init__(self, found: Mapping[str, Any]) -> None:
        self.found = found

    @property
    def prompt(self) -> str:
        return _text(self.found.get("prompt"))[:PROMPT_LIMIT]

    @property
    def parts(self) -> list[Part]:
        """The parts that are there; the first is everything."""
        words = {"prompt": self.prompt} if self.prompt else {}
        seed = self._seed()
        size, rest = self._size(), self._rest()
        named = {
            _("Everything"): ("copy", {**self._preset(), **words, **seed, **size, **rest}),
            _("The words"): ("text-cursor-input", words),
            _("The seed"): ("dices", seed),
            _("The size"): ("square", {**self._preset(), **size} if size else {}),
            _("The settings"): ("sliders-horizontal", {**self._preset(), **rest} if rest else {}),
        }
        return [Part(label, icon, values) for label, (icon, values) in named.items() if values]

    @cached_property
    def preset(self) -> Preset | None:
        """The preset that made it, where it is still offered here."""
        slug = _text(self.found.get("preset"))
        return Preset.objects.offered().filter(slug=slug).first()

    @property
    def given(self) -> dict[str, Any]:
        found = self.found.get("parameters")
        return found if isinstance(found, dict) else {}

    def _preset(self) -> dict[str, Any]:
        if not self.preset:
            return {}
        return {"content_type": self.preset.content_type, "preset": self.preset.slug}

    def _seed(self) -> dict[str, Any]:
        seed = self.found.get("seed")
        known = isinstance(seed, int) and not isinstance(seed, bool)
        return {"seed_kind": "fixed", "seed": seed} if known else {}

    def _size(self) -> dict[str, Any]:
        sides = [self.given.get("width"), self.given.get("height")]
        whole = self.preset and all(isinstance(side, int) for side in sides)
        return {"shape": f"{sides[0]}x{sides[1]}"} if whole else {}

    def _rest(self) -> dict[str, Any]:
        known = {entry["name"]: entry for entry in self.preset.parameters} if self.preset else {}
        kept = (name for name in self.given if name in known and name not in NOT_REUSED)
        return {f"p.{name}": self.given[name] for name in kept}


def recalled(found: Any) -> Recalled | None:
    """Return what a file says, or None where it says nothing that can be used."""
    made = Recalled(found) if isinstance(found, dict) else None
    return made if made and made.parts else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
