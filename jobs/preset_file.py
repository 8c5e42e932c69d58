"""Reads the declarative file of presets and says in a sentence what is wrong with it. Not for
writing presets to the table: see presets.py.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jobs.models import Capability, ContentType, Quality
from jobs.preset_options import problem_of_options
from jobs.specs import checked_value
from ourvidz.errors import Refused
from ourvidz.storage import BUCKETS

# field → its type; those in NEEDED must be there
FIELDS: dict[str, type | tuple[type, ...]] = {
    "slug": str,
    "name": str,
    "family": str,
    "source": str,
    "revision": str,
    "licence": str,
    "licence_url": str,
    "commercial": bool,
    "gated": bool,
    "enabled": bool,
    "content_type": str,
    "quality": str,
    "job_type": str,
    "bucket_name": str,
    "queue": str,
    "capabilities": list,
    "max_references": int,
    "words_path": str,
    "count_help": str,
    "size_bytes": int,
    "memory_bytes": int,
    "expected_seconds": (int, float),
    "sort_order": int,
    "options": dict,
    "parameters": list,
}
NEEDED = (
    "slug",
    "name",
    "family",
    "source",
    "licence",
    "content_type",
    "quality",
    "job_type",
    "bucket_name",
    "queue",
    "capabilities",
    "parameters",
)
CHOICES = {
    "content_type": ContentType.values,
    "quality": Quality.values,
    "bucket_name": BUCKETS,
    "queue": ("gpu.image", "gpu.video"),
}
TYPES = ("integer", "number", "text", "choice", "boolean", "loras")
PARAMETER_FIELDS = {
    "name",
    "type",
    "label",
    "help",
    "group",
    "min",
    "max",
    "step",
    "default",
    "choices",
}
# What a capability brings with it, from the shared settings.
BROUGHT = {
    Capability.VARIATION: ("variation_seed", "variation_strength"),
    Capability.LORA: ("loras",),
}
MAKES = {
    ContentType.IMAGE: {"text_to_image", "image_to_image", "inpaint", "edit", "upscale"},
    ContentType.VIDEO: {"text_to_video", "image_to_video", "continue_video", "upscale_video"},
}
FOR_BOTH = {"lora", "variation"}
# Capabilities that start from something; `max_references` counts pictures.
FROM_PICTURES = {"image_to_image", "inpaint", "edit", "upscale", "image_to_video"}


class BadPresets(Exception):
    """The file cannot be used. Its text says where and why."""


def read_presets(path: Path) -> list[dict[str, Any]]:
    """Return the file's presets, their settings spelled out. Raises BadPresets."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadPresets(f"{path.name} cannot be read: {error}") from error
    if unknown := sorted(set(data) - {"parameters", "preset"}):
        raise BadPresets(f"{path.name}: there is no table “{unknown[0]}”.")
    shared = {
        name: {"name": name, **declared} for name, declared in data.get("parameters", {}).items()
    }
    presets = [_preset(path.name, given, shared) for given in data.get("preset", [])]
    _check_slugs(path.name, presets)
    return presets


def problem_of(declared: Any) -> str:
    """Return what is wrong with one declared parameter, or an empty text."""
    return next(_problems_of_parameter(declared), "")


def _preset(file: str, given: dict[str, Any], shared: dict[str, Any]) -> dict[str, Any]:
    where = f"{file}, preset “{given.get('slug', '?')}”"
    for problem in _problems_of_fields(given):
        raise BadPresets(f"{where}: {problem}")
    parameters = [_parameter(where, one, shared) for one in given["parameters"]]
    there = {one["name"] for one in parameters}
    for capability in given["capabilities"]:
        for name in BROUGHT.get(capability, ()):
            if name not in there:
                parameters.append(_parameter(where, name, shared))
    names = [one["name"] for one in parameters]
    if twice := next((name for name in names if names.count(name) > 1), ""):
        raise BadPresets(f"{where}: the parameter “{twice}” is there twice.")
    return {**given, "parameters": parameters}


def _parameter(where: str, given: Any, shared: dict[str, Any]) -> dict[str, Any]:
    """Return a setting: a shared one as it is, one with something else in it, or an own one."""
    if isinstance(given, str):
        given = {"use": given}
    if not isinstance(given, dict):
        raise BadPresets(f"{where}: {given!r} names no parameter.")
    used = given.get("use", "")
    if used and used not in shared:
        raise BadPresets(f"{where}: there is no shared parameter “{used}”.")
    declared = {**shared.get(used, {}), **{k: v for k, v in given.items() if k != "use"}}
    if problem := problem_of(declared):
        name = declared.get("name", used or "?")
        raise BadPresets(f"{where}: the parameter “{name}”: {problem}")
    return declared


def _problems_of_fields(given: dict[str, Any]) -> Iterator[str]:
    for name, value in given.items():
        if name not in FIELDS:
            yield f"there is no field “{name}”."
        elif not isinstance(value, FIELDS[name]) or (
            isinstance(value, bool) and FIELDS[name] is not bool
        ):
            yield f"“{name}” cannot be {value!r}."
    for name in NEEDED:
        if name not in given:
            yield f"“{name}” is missing."
    for name, choices in CHOICES.items():
        if given.get(name) not in choices:
            yield f"“{name}” must be one of {', '.join(choices)}, not “{given.get(name)}”."
    yield from _problems_of_capabilities(given)
    if problem := problem_of_options(given.get("options", {})):
        yield f"“options”: {problem}"
    if not given.get("commercial", True) and given.get("enabled", True):
        yield "a licence without commercial use starts switched off: set enabled = false."


def _problems_of_capabilities(given: dict[str, Any]) -> Iterator[str]:
    capabilities = given["capabilities"]
    for capability in capabilities:
        if capability not in Capability.values:
            yield f"there is no capability “{capability}”."
        elif capability not in MAKES[given["content_type"]] | FOR_BOTH:
            yield f"“{capability}” makes no {given['content_type']}."
    if not set(capabilities) - FOR_BOTH:
        yield "“capabilities” names nothing that it can make."
    takes, most = bool(FROM_PICTURES & set(capabilities)), given.get("max_references", 0)
    if takes and most < 1:
        yield "it starts from pictures, so “max_references” is at least 1."
    if not takes and most:
        yield "it starts from no pictures, so “max_references” must be 0."


def _problems_of_parameter(declared: Any) -> Iterator[str]:
    if not isinstance(declared, dict):
        yield "it is no table."
        return
    if unknown := sorted(set(declared) - PARAMETER_FIELDS):
        yield f"there is no field “{unknown[0]}”."
    for name in ("name", "type", "default"):
        if name not in declared:
            yield f"“{name}” is missing."
    kind = declared["type"]
    if kind not in TYPES:
        yield f"“type” must be one of {', '.join(TYPES)}, not “{kind}”."
    if kind == "choice" and not declared.get("choices"):
        yield "a choice needs “choices”."
    low, high = declared.get("min"), declared.get("max")
    if kind in ("integer", "number") and (low is None or high is None or low > high):
        yield "a number needs “min” and “max”, in this order."
    try:
        checked_value(declared, declared["default"])
    except Refused as refused:
        yield f"its default: {refused}"


def _check_slugs(file: str, presets: list[dict[str, Any]]) -> None:
    slugs = [preset["slug"] for preset in presets]
    for slug in slugs:
        if slugs.count(slug) > 1:
            raise BadPresets(f"{file}: there are two presets “{slug}”.")
