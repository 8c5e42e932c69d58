"""Which LoRAs can be chosen: those in the operators' folder here, and those that a worker elsewhere
says it has. Not for opening them (`workers/gpu`).
"""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.core.cache import cache

from jobs.presets import loras_of_workers
from ourvidz import rows

SUFFIX = ".safetensors"
MOST = 200
KNOWN_SECONDS = 15


def loras_known() -> list[str]:
    """Return their names as a request gives them, in order."""
    elsewhere = cache.get_or_set("workspace.loras", _of_workers, KNOWN_SECONDS)
    return sorted({*_here(), *(elsewhere or ())})[:MOST]


def _here() -> list[str]:
    root = Path(settings.LORAS_DIR)
    return [path.relative_to(root).as_posix() for path in root.glob(f"**/*{SUFFIX}")]


def _of_workers() -> list[str]:
    with rows.as_service("which LoRAs the workers have"):
        return loras_of_workers()
