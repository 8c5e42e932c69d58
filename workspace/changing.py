"""The form that changes a waiting job: drawn from what its preset declares, with the job's own
values, and read back. Not for checking values: jobs.own_line does, so that pages and API refuse
alike.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.http import QueryDict

from jobs.models import Job, Preset
from jobs.specs import checked_seeds
from ourvidz.errors import Refused
from workspace.forms import PREFIX, PresetForm, Shape, read_parameters, shape_of, whole

EMPTY = {"text": "", "loras": []}  # of any other type, an emptied field means the default


@dataclass(frozen=True)
class ChangeForm:
    """The fields, filled with what the job has or with what was sent and refused."""

    job: Job
    preset: Preset
    sent: Mapping[str, str] = field(default_factory=dict)
    refused: Refused | None = None

    @property
    def prompt(self) -> str:
        return self.sent.get("prompt", self.job.prompt)

    @property
    def seed(self) -> str:
        return self.sent.get("seed", str(self.job.seed))

    @cached_property
    def errors(self) -> dict[str, str]:
        """The refusal, by the field that it is about; "" is the form itself."""
        if self.refused is None:
            return {}
        about = self.refused.field or ""
        known = {"prompt", "seed", *(entry["name"] for entry in self.fields)}
        shape = "shape" if about in ("width", "height", "shape") and self.shapes else ""
        return {about if about in known else shape: str(self.refused)}

    @property
    def trouble(self) -> str:
        """What is refused about none of the fields."""
        return self.errors.get("", "")

    @cached_property
    def fields(self) -> list[dict[str, Any]]:
        """The preset's other parameters, each with its value here."""
        return [
            entry
            | {"id": f"change-{entry['name']}", "default": self._value(entry)}
            | ({"value": self._loras(entry)} if entry["type"] == "loras" else {})
            | {"error": self._refused_of(entry["name"])}
            for entry in PresetForm(self.preset).fields
        ]

    @cached_property
    def shapes(self) -> list[dict[str, Any]]:
        """The sizes to choose from, its own among them."""
        given = self.job.parameters
        shapes: list[Shape] = PresetForm(self.preset).shapes
        if not shapes:
            return []
        # A job may be older than its preset's sizes.
        has_size = {"width", "height"} <= given.keys()
        own = f"{given['width']}x{given['height']}" if has_size else ""
        if own and own not in {_size(shape) for shape in shapes}:
            shapes = [shape_of(given["width"], given["height"]), *shapes]
        chosen = self.sent.get(self.shape_name, own)
        return [{"shape": one, "chosen": _size(one) == chosen} for one in shapes]

    @property
    def shape_name(self) -> str:
        return f"shape.{self.preset.slug}"

    def _refused_of(self, name: str) -> str:
        named = self.refused is not None and self.refused.field == name
        return str(self.refused) if named else ""

    def _value(self, entry: Mapping[str, Any]) -> Any:
        own = self.job.parameters.get(entry["name"], entry["default"])
        if not self.sent:
            return own
        text = self.sent.get(entry["input_name"], "")
        choices = {str(each): each for each in entry.get("choices", ())}
        if entry["type"] == "boolean":
            return text == "true"
        return choices.get(text, text) if entry["type"] == "choice" else text

    def _loras(self, entry: Mapping[str, Any]) -> str:
        if self.sent:
            return self.sent.get(entry["input_name"], "")
        return json.dumps(self.job.parameters.get(entry["name"]) or [])


def read_change(data: QueryDict, preset: Preset) -> dict[str, Any]:
    """Return what `own_line.edit_job` is to change. An emptied seed means another one. Raises
    Refused where a value is not of its type.
    """
    seed = data.get("seed", "").strip()
    return {
        "prompt": data.get("prompt", ""),
        "parameters": read_parameters(data, preset) | dict(_emptied(data, preset)),
        "seed": whole(seed, "seed") if seed else checked_seeds(None, 1)[0],
    }


def _emptied(data: QueryDict, preset: Preset) -> Iterator[tuple[str, Any]]:
    for entry in preset.parameters:
        if data.get(PREFIX + entry["name"]) == "":
            yield entry["name"], EMPTY.get(entry["type"])


def _size(shape: Shape) -> str:
    return f"{shape.width}x{shape.height}"
