"""How long each preset's jobs really take, learned from the latest ones. Not for what is shown of a
single job: its timings are in its row.
"""

from __future__ import annotations

from statistics import median
from typing import Any

from jobs.fairness import work_ratio
from jobs.models import Job, Preset

# Fewer say nothing; older ones may be of another machine.
ENOUGH, LATEST = 5, 50
# Less is no loading: the model was there.
LOADED = 0.05
# The stages that keep the GPU: not loading a model, nor waiting for the storage.
WORK = ("denoise", "decode", "encode")


def measure_presets() -> int:
    """Write down each preset's median for its defaults; returns how many there are. As service."""
    count = 0
    for preset in Preset.objects.all():
        seconds, loads = _seconds(preset)
        learned = {}
        if len(seconds) >= ENOUGH:
            learned["measured_seconds"] = round(median(seconds), 3)
            count += 1
        if loads:
            learned["measured_load_seconds"] = round(median(loads), 3)
        if learned:
            Preset.objects.filter(pk=preset.pk).update(**learned)
    return count


def worked(timings: dict[str, float]) -> float:
    """Return the seconds for which a job kept the GPU."""
    return sum(timings.get(stage, 0.0) for stage in WORK)


def _seconds(preset: Preset) -> tuple[list[float], list[float]]:
    """Return what the latest jobs took, each as if it had had the preset's defaults; and what
    loading took those that loaded."""
    done = Job.objects.filter(preset_slug=preset.slug, status=Job.Status.SUCCEEDED)
    latest: Any = done.order_by("-finished_at").values_list("timings", "parameters")[:LATEST]
    found, loads = [], []
    for timings, parameters in latest:
        ratio = work_ratio(preset, parameters)
        if worked(timings) > 0 and ratio > 0:
            found.append(worked(timings) / ratio)
        if timings.get("load", 0.0) >= LOADED:
            loads.append(timings["load"])
    return found, loads
