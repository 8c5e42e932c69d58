"""A claimed job as the server describes it, in one typed object. Not for what is done with it."""

import time
from collections.abc import Container
from dataclasses import dataclass, field
from typing import Any, Self

from .errors import JobError


@dataclass(frozen=True, slots=True)
class Preset:
    """Which model makes the job: the family names the code, the source its folder or hub id."""

    slug: str
    family: str
    source: str
    revision: str
    # Switches of the engine, such as dtype, scheduler or compile: see families/_tuning.py.
    options: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, data: dict[str, Any]) -> Self:
        """From the protocol's object of the same names."""
        options = dict(data.get("options") or {})
        revision = data.get("revision") or ""
        return cls(data["slug"], data["family"], data["source"], revision, options)


@dataclass(frozen=True, slots=True)
class Target:
    """A place that takes one file: an HTTP method, a url (absolute or a path) and headers.

    `fallback` is another place, for when this one does not answer.
    """

    method: str
    url: str
    headers: dict[str, str]
    fallback: "Target | None" = None

    @classmethod
    def read(cls, data: dict[str, Any]) -> Self:
        """From the protocol's {method, url, headers}, and a fallback of the same shape."""
        fallback = cls.read(data["fallback"]) if data.get("fallback") else None
        return cls(data["method"], data["url"], dict(data.get("headers") or {}), fallback)


@dataclass(frozen=True, slots=True)
class Reference:
    """A file the person gave: role image, mask (white = repaint) or video; GET its url.

    `strength` says how far the result may leave it, 0 to 1; None: as the preset has it.
    """

    role: str
    position: int
    strength: float | None
    mime_type: str
    bytes: int
    sha256: str
    url: str

    @classmethod
    def read(cls, data: dict[str, Any]) -> Self:
        """From the protocol's object of the same names."""
        strength = data.get("strength")
        return cls(
            role=data["role"],
            position=int(data.get("position") or 0),
            strength=None if strength is None else float(strength),
            mime_type=data["mime_type"],
            bytes=int(data["bytes"]),
            sha256=data["sha256"],
            url=data["url"],
        )


@dataclass(frozen=True, slots=True)
class Job:
    """One claimed job. `settings` is what the server wants written inside the finished file."""

    id: str
    attempt: int
    preset: Preset
    content_type: str
    prompt: str
    negative_prompt: str
    parameters: dict[str, Any]
    seed: int
    lease_seconds: float
    mime_type: str
    upload: Target
    thumbnail_upload: Target | None
    settings: dict[str, Any]
    preview_upload: Target | None = None
    carried_bytes: int = (
        0  # of the files that may travel with the report; an older server takes none
    )
    references: tuple[Reference, ...] = ()
    claimed_at: float = field(default_factory=time.monotonic)

    @classmethod
    def read(cls, data: dict[str, Any]) -> Self:
        """From the `job` object of the answer to a claim; raises KeyError when it lacks a part."""
        output = data["output"]
        thumbnail, preview = output.get("thumbnail_upload"), output.get("preview_upload")
        return cls(
            id=data["id"],
            attempt=int(data["attempt"]),
            preset=Preset.read(data["preset"]),
            content_type=data["content_type"],
            prompt=data["prompt"],
            negative_prompt=data.get("negative_prompt") or "",
            parameters=dict(data.get("parameters") or {}),
            seed=int(data["seed"]),
            lease_seconds=float(data["lease_seconds"]),
            mime_type=output["mime_type"],
            upload=Target.read(output["upload"]),
            thumbnail_upload=Target.read(thumbnail) if thumbnail else None,
            settings=dict(data.get("settings") or {}),
            preview_upload=Target.read(preview) if preview else None,
            carried_bytes=int(output.get("carried_bytes") or 0),
            references=tuple(map(Reference.read, data.get("references") or [])),
        )

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number; raises JobError bad_parameters when it is none or out of bounds."""
        value = self.parameters.get(name, default)
        good = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        if not good:
            raise bad_parameter(name, value)
        return int(value)

    def real(self, name: str, default: float, low: float, high: float) -> float:
        """Any number; raises JobError bad_parameters when it is none or out of bounds."""
        value = self.parameters.get(name, default)
        good = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not good or not low <= value <= high:
            raise bad_parameter(name, value)
        return float(value)

    def choice(self, name: str, known: Container[str], default: str = "") -> str:
        """One of the known names, or the default; raises JobError bad_parameters for another."""
        value = self.parameters.get(name) or default
        if value != default and (not isinstance(value, str) or value not in known):
            raise bad_parameter(name, value)
        return str(value)


def bad_parameter(name: str, value: Any) -> JobError:
    """The failure of a job whose parameter cannot be used; the value is shortened to be shown."""
    return JobError("bad_parameters", reason=f"{name}: {str(value)[:80]}")
