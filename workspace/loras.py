"""Which LoRAs lie in the operators' folder, to choose from. A worker elsewhere may have others:
they can be named too, and it says where it has none of that name. Not for opening them
(`workers/gpu`).
"""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

SUFFIX = ".safetensors"
MOST = 200


def loras_here() -> list[str]:
    """Return their names as a request gives them: paths in the folder, in order."""
    root = Path(settings.LORAS_DIR)
    found = sorted(path.relative_to(root).as_posix() for path in root.glob(f"**/*{SUFFIX}"))
    return found[:MOST]
