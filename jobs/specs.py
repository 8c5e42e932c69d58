"""What a person asks for, and whether a preset allows it. Not for writing rows."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from jobs.models import Preset
from ourvidz.errors import Refused

PROMPT_LIMIT = 3000
COUNT_LIMIT = 16
SEED_LIMIT = 2**53 - 1  # what a browser can still count exactly
RANDOM_SEED_LIMIT = 2**32
MOST_LORAS, LORA_WEIGHT = 4, 2
LORA = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*){0,3}")
PRIORITY_LIMIT = 100
ADDED_LATER = ("start_by", "priority")
TYPES = {"integer": (int,), "number": (int, float), "text": (str,), "boolean": (bool,)}
TYPE_NAMES = {
    "integer": "a whole number",
    "number": "a number",
    "text": "text",
    "boolean": "yes or no",
}


@dataclass(frozen=True, kw_only=True)
class ReferenceSpec:
    """What to start from: a reference, an item or media of this person's, by its id.

    `role` is image, mask or video; `strength` 0 to 1, how far the result may leave it; `position`
    orders those of one role.
    """

    id: uuid.UUID
    role: str = "image"
    strength: float | None = None
    position: int | None = None


@dataclass(frozen=True, kw_only=True)
class JobSpec:
    """One request: `count` items of one prompt, each with its own seed (the first is `seed`).

    Jobs that have not started by `start_by` are given up. `priority` is for operators.
    """

    prompt: str
    preset: str
    parameters: dict[str, Any] = field(default_factory=dict)
    seed: int | None = None
    count: int = 1
    destination: str = "library"
    session_id: uuid.UUID | None = None
    project_id: uuid.UUID | None = None
    idempotency_key: str = ""
    parent_id: uuid.UUID | None = None
    relation: str = ""
    references: tuple[ReferenceSpec, ...] = ()
    start_by: datetime | None = None
    priority: int = 0

    def fingerprint(self) -> str:
        """Return a hash that is equal for equal requests."""
        asked = asdict(self)
        for name in ADDED_LATER:
            # A request that does not use them has the hash that an older release gave it.
            asked = asked if asked[name] else {k: v for k, v in asked.items() if k != name}
        text = json.dumps(asked, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()

    def room(self) -> uuid.UUID | None:
        """Return the session or the project that it asks for."""
        return self.session_id if self.destination == "workspace" else self.project_id


def checked_prompt(prompt: str, limit: int = PROMPT_LIMIT) -> str:
    """Return the prompt without the white space around it. Raises Refused."""
    text = prompt.strip()
    if not text:
        raise Refused("prompt_empty", field="prompt")
    if len(text) > limit:
        raise Refused("prompt_too_long", field="prompt", length=len(text), limit=limit)
    if not _can_be_kept(text):
        raise Refused("prompt_unreadable", field="prompt")
    return text


def checked_seeds(seed: int | None, count: int) -> list[int]:
    """Return a seed for each item: `seed`, `seed + 1`, …, or a random start. Raises Refused."""
    if isinstance(count, bool) or not 1 <= count <= COUNT_LIMIT:
        raise Refused("count_range", field="count", limit=COUNT_LIMIT)
    first = secrets.randbelow(RANDOM_SEED_LIMIT) if seed is None else seed
    if isinstance(first, bool) or not 0 <= first <= SEED_LIMIT - count:
        raise Refused("seed_range", field="seed", limit=SEED_LIMIT)
    return [first + index for index in range(count)]


def varied(parameters: dict[str, Any], seeds: Sequence[int]) -> list[dict[str, Any]]:
    """Return each job's own columns: its seed, or the batch's seed with a variation of its own."""
    if not parameters.get("variation_strength"):
        return [{"seed": seed} for seed in seeds]
    first = parameters.get("variation_seed") or 1 + secrets.randbelow(RANDOM_SEED_LIMIT)
    return [
        {"seed": seeds[0], "parameters": parameters | {"variation_seed": first + index}}
        for index in range(len(seeds))
    ]


def checked_parameters(preset: Preset, given: dict[str, Any]) -> dict[str, Any]:
    """Return every declared parameter, as given or by default. Raises Refused for what is not
    so.
    """
    declared = {entry["name"]: entry for entry in preset.parameters}
    for name in given:
        if name not in declared:
            raise Refused("parameter_unknown", field=name, name=name, preset=str(preset))
    return {name: _checked(entry, given.get(name)) for name, entry in declared.items()}


def _checked(entry: dict[str, Any], value: Any) -> Any:
    if value is None:
        return entry["default"]
    if entry["type"] == "loras":
        return checked_loras(entry, value)
    _check_type(entry, value)
    if entry["type"] == "choice":
        return value
    if entry["type"] == "text":
        return _checked_text(entry, value)
    _check_range(entry, value)
    return value


def checked_value(entry: dict[str, Any], value: Any) -> Any:
    """Return one declared parameter's value as it is kept. Raises Refused."""
    return _checked(entry, value)


def checked_loras(entry: dict[str, Any], value: Any) -> list[dict[str, Any]]:
    """Return LoRAs as [{source, weight}]. Raises Refused."""
    limit = entry.get("max", MOST_LORAS)
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise Refused("parameter_type", field=entry["name"], **_label(entry), type="a list")
    if len(value) > limit:
        raise Refused("loras_many", field=entry["name"], limit=limit)
    return [_checked_lora(entry["name"], **one) for one in value]


def _checked_lora(
    field: str, /, source: Any = "", weight: Any = 1.0, **unknown: Any
) -> dict[str, Any]:
    """A hub id, or a name in the operators' folder: never a path that leads out of it."""
    named = isinstance(source, str) and len(source) <= 200 and LORA.fullmatch(source)
    if not named or unknown or ".." in source:
        raise Refused("lora_source", field=field)
    number = isinstance(weight, (int, float)) and not isinstance(weight, bool)
    if not number or not -LORA_WEIGHT <= weight <= LORA_WEIGHT:
        raise Refused("lora_weight", field=field)
    return {"source": source, "weight": float(weight)}


def _check_type(entry: dict[str, Any], value: Any) -> None:
    if entry["type"] == "choice":
        if value not in entry["choices"]:
            # The empty one is the model's own, which nobody has to name.
            choices = ", ".join(str(choice) for choice in entry["choices"] if choice != "")
            raise Refused("parameter_choice", field=entry["name"], **_label(entry), choices=choices)
        return
    is_flag = isinstance(value, bool)
    if not isinstance(value, TYPES[entry["type"]]) or is_flag != (entry["type"] == "boolean"):
        wanted = TYPE_NAMES[entry["type"]]
        raise Refused("parameter_type", field=entry["name"], **_label(entry), type=wanted)


def _checked_text(entry: dict[str, Any], value: str) -> str:
    limit = entry.get("max", PROMPT_LIMIT)
    if len(value) > limit:
        raise Refused("prompt_too_long", field=entry["name"], length=len(value), limit=limit)
    if not _can_be_kept(value):
        raise Refused("prompt_unreadable", field=entry["name"])
    return value.strip()


def _check_range(entry: dict[str, Any], value: float) -> None:
    low, high, step = entry.get("min"), entry.get("max"), entry.get("step")
    # Written so that not-a-number is outside of every range.
    if low is not None and high is not None and not low <= value <= high:
        raise Refused("parameter_range", field=entry["name"], **_label(entry), min=low, max=high)
    if entry["type"] == "integer" and step and (value - (low or 0)) % step:
        begins = {"min": low or 0, "step": step}
        raise Refused("parameter_step", field=entry["name"], **_label(entry), **begins)


def _label(entry: dict[str, Any]) -> dict[str, Any]:
    return {"label": entry.get("label", entry["name"])}


def _can_be_kept(text: str) -> bool:
    """PostgreSQL keeps no NUL character, and UTF-8 no half of a surrogate pair."""
    return not any(char == "\x00" or "\ud800" <= char <= "\udfff" for char in text)
