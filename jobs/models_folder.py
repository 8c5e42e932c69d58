"""Where models lie on this machine: folders beside the worker, folders anywhere, and what was
fetched from the hub. Looks only. Not for fetching (models_store.py) nor for loading (workers).

A fetched model is `<models>/<owner>--<name>/`, laid out as on the hub, with a manifest beside its
files; until it is whole, its folder's name ends in `.partial`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from jobs.models import Preset

MANIFEST = "ourvidz.json"
PARTIAL = ".partial"
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
STARTERS = "starter/"


@dataclass(frozen=True)
class Source:
    """One model that a preset needs. Without `files` all that its pipeline loads is meant."""

    name: str
    revision: str = ""
    variant: str = ""
    files: tuple[str, ...] = ()

    @property
    def on_hub(self) -> bool:
        return is_hub_id(self.name)

    @property
    def folder(self) -> Path:
        """Where it is, or will be once it is fetched."""
        return folder_of(self.name)

    def is_here(self) -> bool:
        """Return whether all of it is on this machine."""
        folder = self.folder
        if self.files:
            return all((folder / file).is_file() for file in self.files)
        return has_weights(folder)


def sources_of(preset: Preset) -> list[Source]:
    """Return what a preset needs: its model, and the LoRAs that belong to it."""
    variant = str(preset.options.get("variant", ""))
    model = Source(preset.source, preset.revision or "main", variant)
    return [model, *(_lora(one) for one in preset.options.get("loras", []))]


def is_here(preset: Preset) -> bool:
    """Return whether everything that a preset needs is on this machine."""
    return all(source.is_here() for source in sources_of(preset))


def is_hub_id(source: str) -> bool:
    """Return whether a source names a repository of the hub, and no folder."""
    return bool(HUB_ID.fullmatch(source)) and not source.startswith(STARTERS)


def folder_of(source: str) -> Path:
    """Return the folder of a source: a hub id's is below OURVIDZ_MODELS."""
    if is_hub_id(source):
        return Path(settings.MODELS_DIR) / source.replace("/", "--")
    # As the worker has it: an absolute path stays one, any other begins beside its code.
    return settings.BASE_DIR / "workers" / "gpu" / Path(source).expanduser()


def partial_of(source: str) -> Path:
    """Return the folder of a hub id while it is being fetched."""
    folder = folder_of(source)
    return folder.with_name(folder.name + PARTIAL)


def has_weights(folder: Path) -> bool:
    """Return whether a folder holds a pipeline, or weights alone."""
    return (folder / "model_index.json").is_file() or any(folder.glob("*.safetensors"))


def manifest_of(source: str) -> dict[str, Any]:
    """Return what was written down when a source was fetched; empty where nothing was."""
    try:
        return json.loads((folder_of(source) / MANIFEST).read_text())
    except (OSError, ValueError):
        return {}


def files_in(folder: Path) -> Iterator[Path]:
    """Yield the files of a model, without our own bookkeeping."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != MANIFEST and not path.name.startswith("."):
            yield path


def bytes_in(folder: Path) -> int:
    """Return how large a folder is; 0 where there is none."""
    return sum(path.stat().st_size for path in files_in(folder))


def _lora(given: dict[str, Any]) -> Source:
    files = (given["file"],) if given.get("file") else ()
    return Source(given["source"], given.get("revision", "main"), "", files)
