"""LoRAs from the hub: brought into the operators' folder, where people choose them, each under its
hub id. Not for those that belong to a preset: they come with its model (models_store.py).
"""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from jobs import hub, models_folder
from jobs.models_folder import Source
from jobs.models_store import Progress, Report, check_room
from ourvidz.errors import Refused


def fetch_lora(name: str, report: Report, *, revision: str = "", file: str = "") -> Path:
    """Bring a LoRA here and return its file; an interrupted fetch goes on. Raises Refused."""
    if not models_folder.is_hub_id(name):
        raise Refused("hub_missing", model=name)
    source = Source(name, revision or "main", files=(file,) if file else ())
    plan = hub.plan_lora(source)
    folder, done = Path(settings.LORAS_DIR) / name, 0
    check_room(plan.bytes, Path(settings.LORAS_DIR))
    for one in plan.files:

        def arrived(count: int, path: str = one.path) -> None:
            nonlocal done
            done += count
            report(Progress(done, plan.bytes, path))

        hub.download(plan, one, folder, arrived)
    return folder / plan.files[0].path
