"""The prompt dock's form: drawn from what each preset declares, and read back into a JobSpec. Not
for checking values: queue_job does, so that pages and API refuse alike.
"""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from jobs import kept_presets
from jobs.models import Job, Preset
from jobs.specs import JobSpec, ReferenceSpec
from ourvidz.errors import Refused
from workspace.loras import loras_known

PREFIX = "p."  # before the names of declared parameters
RATIOS = ((1, 1), (4, 3), (3, 4), (3, 2), (2, 3), (16, 9), (9, 16))
TOLERANCE = 0.08  # how far a shape may be from its ratio, after rounding to the preset's step
COUNTS = (1, 2, 3, 4)
DEFAULT_COUNT = 4


@dataclass(frozen=True)
class Shape:
    """A size that a preset can make, in pixels."""

    ratio: str
    width: int
    height: int
    default: bool

    @property
    def view_width(self) -> int:
        return self.width + 2

    @property
    def view_height(self) -> int:
        return self.height + 2

    @property
    def corner(self) -> int:
        return min(self.width, self.height) // 9


@dataclass(frozen=True)
class PresetForm:
    """The fields that one preset adds to the dock."""

    preset: Preset

    @property
    def shapes(self) -> list[Shape]:
        """The usual ratios at the default's area, as far as width and height allow."""
        sides = {entry["name"]: entry for entry in self.preset.parameters}
        if not {"width", "height"} <= sides.keys():
            return []
        found = [_shape(sides["width"], sides["height"], ratio) for ratio in RATIOS]
        shapes = [shape for shape in found if shape]
        if not any(shape.default for shape in shapes):
            shapes.insert(0, _default_shape(sides))
        return shapes

    @property
    def fields(self) -> list[dict[str, Any]]:
        """The other declared parameters, with the names that inputs need."""
        return [
            entry
            | {"input_name": PREFIX + entry["name"], "id": f"{self.preset.slug}-{entry['name']}"}
            | ({"known": loras_known()} if entry["type"] == "loras" else {})
            for entry in self.preset.parameters
            if entry["name"] not in ("width", "height") and _is_choice(entry)
        ]


def read_spec(data: QueryDict, session_id: uuid.UUID | None) -> JobSpec:
    """Return what the form asks for. Raises Refused where a value is not of its type."""
    preset = kept_presets.preset_of(data.get("preset"))
    return JobSpec(
        prompt=data.get("prompt", ""),
        preset=data.get("preset", ""),
        parameters=read_parameters(data, preset) if preset else {},
        seed=_seed(data),
        count=whole(data.get("count", "1"), "count"),
        destination=Job.Destination.WORKSPACE,
        session_id=session_id,
        idempotency_key=data.get("key", "")[:128],
        parent_id=_uuid(data.get("parent", "")) if data.get("parent") else None,
        relation=data.get("relation", ""),
        references=tuple(_reference(text) for text in data.getlist("reference") if text),
    )


def _reference(text: str) -> ReferenceSpec:
    """Read `id`, `id:role` or `id:role:strength`. Raises Refused."""
    row_id, _sign, rest = text.partition(":")
    role, _sign, strength = rest.partition(":")
    try:
        return ReferenceSpec(
            id=_uuid(row_id), role=role or "image", strength=float(strength) if strength else None
        )
    except ValueError:
        raise Refused("strength_range", field="references") from None


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise Refused("reference_missing", field="references") from None


def _is_choice(entry: Mapping[str, Any]) -> bool:
    """Return whether there is more than one value to choose."""
    if entry["type"] == "choice":
        return len(entry["choices"]) > 1
    numbers = entry["type"] in ("integer", "number")
    return not (numbers and entry["min"] == entry["max"])


def read_parameters(data: QueryDict, preset: Preset) -> dict[str, Any]:
    """Return the preset's parameters that the form names. Raises Refused."""
    given = _sides(data.get(f"shape.{preset.slug}", ""))
    for entry in preset.parameters:
        name = PREFIX + entry["name"]
        if entry["type"] == "boolean":
            given[entry["name"]] = data.get(name) == "true"
        elif data.get(name, "") != "":
            given[entry["name"]] = _typed(entry, str(data[name]))
    return given


def _sides(shape: str) -> dict[str, Any]:
    if not shape:
        return {}
    width, _sign, height = shape.partition("x")
    return {"width": whole(width, "shape"), "height": whole(height, "shape")}


def _typed(entry: Mapping[str, Any], text: str) -> Any:
    """Return the value as the declared type where it reads as one; queue_job refuses the rest."""
    if entry["type"] == "loras":
        return _loras(text)
    if entry["type"] == "choice":
        return next((choice for choice in entry["choices"] if str(choice) == text), text)
    try:
        if entry["type"] == "integer":
            return int(text)
        return float(text) if entry["type"] == "number" else text
    except ValueError:
        return text


def _loras(text: str) -> Any:
    """Read them as JSON; queue_job refuses what is none."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _seed(data: QueryDict) -> int | None:
    if data.get("seed_kind") != "fixed" or not data.get("seed", "").strip():
        return None
    return whole(str(data["seed"]).strip(), "seed")


def whole(text: str, field: str) -> int:
    """Return the number that a field holds. Raises Refused."""
    try:
        return int(text)
    except ValueError:
        label = field.capitalize()
        raise Refused("parameter_type", field=field, label=label, type="a whole number") from None


def _shape(
    width: Mapping[str, Any], height: Mapping[str, Any], ratio: tuple[int, int]
) -> Shape | None:
    """Return the shape of that ratio, or None where the preset cannot make one near enough."""
    wanted = ratio[0] / ratio[1]
    area = width["default"] * height["default"]
    wide = _fit(math.sqrt(area * wanted), width)
    high = _fit(wide / wanted, height)
    if abs(wide / high / wanted - 1) > TOLERANCE:
        return None
    is_default = (wide, high) == (width["default"], height["default"])
    return Shape(f"{ratio[0]}:{ratio[1]}", wide, high, is_default)


def _fit(value: float, side: Mapping[str, Any]) -> int:
    step, low = side.get("step", 1), side.get("min", 1)
    rounded = low + round((value - low) / step) * step
    return int(min(max(rounded, low), side.get("max", rounded)))


def _default_shape(sides: Mapping[str, Any]) -> Shape:
    return shape_of(sides["width"]["default"], sides["height"]["default"], default=True)


def shape_of(width: int, height: int, *, default: bool = False) -> Shape:
    """Return the shape of a size."""
    shared = math.gcd(width, height)
    return Shape(f"{width // shared}:{height // shared}", width, height, default)
