"""What a preset's jobs take, learned from the latest ones."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from jobs.fairness import expected_seconds
from jobs.measures import ENOUGH, measure_presets
from jobs.models import Job, Preset
from jobs.services import queue_job
from jobs.specs import JobSpec
from ourvidz.rows import as_service, as_user

pytestmark = pytest.mark.django_db


def finished(user: Any, denoise: float, **parameters: Any) -> None:
    """One job of the starter that has succeeded; its model took long to load."""
    spec = JobSpec(prompt="a castle", preset="starter-fast", parameters=parameters)
    with as_user(user):
        [job] = queue_job(user=user, spec=spec)
    timings = {"load": 100.0, "denoise": denoise, "decode": 0.25, "encode": 0.25, "upload": 50.0}
    with as_service("test"):
        Job.objects.filter(pk=job.pk).update(
            status="succeeded", finished_at=timezone.now(), timings=timings
        )


def starter() -> Preset:
    with as_service("test"):
        measure_presets()
        return Preset.objects.get(slug="starter-fast")


def test_a_few_jobs_say_nothing(user: Any, presets: None) -> None:
    for _ in range(ENOUGH - 1):
        finished(user, 5.0)
    assert starter().typical_seconds == starter().expected_seconds


def test_the_median_of_the_latest_decides(user: Any, presets: None) -> None:
    for denoise in (2.5, 2.5, 2.5, 400.0, 0.1):
        finished(user, denoise)
    preset = starter()
    assert preset.typical_seconds == 3.0
    assert expected_seconds(preset, {}) == 3.0


def test_each_counts_as_if_it_had_the_defaults(user: Any, presets: None) -> None:
    for _ in range(ENOUGH):
        finished(user, 5.5, steps=20)  # twice the default
    assert starter().typical_seconds == 3.0
