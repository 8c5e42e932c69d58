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
# The stages that keep the GPU: not loading a model, nor waiting for the storage.
WORK = ("denoise", "decode", "encode")


def measure_presets() -> int:
    """Write down each preset's median for its defaults; returns how many there are. As service."""
    count = 0
    for preset in Preset.objects.all():
        seconds = _seconds(preset)
        if len(seconds) >= ENOUGH:
            measured = round(median(seconds), 3)
            Preset.objects.filter(pk=preset.pk).update(measured_seconds=measured)
            count += 1
    return count


def _seconds(preset: Preset) -> list[float]:
    """Return what the latest jobs took, each as if it had had the preset's defaults."""
    done = Job.objects.filter(preset_slug=preset.slug, status=Job.Status.SUCCEEDED)
    latest: Any = done.order_by("-finished_at").values_list("timings", "parameters")[:LATEST]
    found = []
    for timings, parameters in latest:
        worked = sum(timings.get(stage, 0.0) for stage in WORK)
        ratio = work_ratio(preset, parameters)
        if worked > 0 and ratio > 0:
            found.append(worked / ratio)
    return found
