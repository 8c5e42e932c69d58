"""Start-time fair queueing: who is next when many people wait. Each job gets a start and a finish
tag when it is queued; the claim takes the smallest start tag, and sets the clock to it. One
person's thousand jobs stand behind each other, not before everybody else's first. Not for leases.

Source: Goyal, Vin, Cheng, "Start-time fair queueing" (1996), with cost in expected GPU seconds.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.db import connection

from jobs.models import FairQueue, Job, Preset

# One clock for images and videos, so that their costs weigh against each other.
CLOCK = "gpu"

# Written out, since every request for a job and every claim needs them: to compose one takes Django
# longer than PostgreSQL to answer it.
START = """
    SELECT greatest(
        (SELECT max(finish_tag) FROM jobs WHERE user_id = %s AND status <> %s),
        (SELECT virtual_time FROM fair_queues WHERE name = %s),
        0
    )
"""
ADVANCE = """
    INSERT INTO fair_queues (name, virtual_time, claims) VALUES (%s, %s, 1)
    ON CONFLICT (name) DO UPDATE SET
        virtual_time = greatest(fair_queues.virtual_time, excluded.virtual_time),
        claims = fair_queues.claims + 1
"""


def expected_seconds(preset: Preset, parameters: dict[str, Any]) -> float:
    """Return the GPU seconds that a job of these parameters should take: the preset's figure for
    its defaults, in proportion to pixels, steps and frames."""
    return max(0.05, preset.typical_seconds * work_ratio(preset, parameters))


def work_ratio(preset: Preset, parameters: dict[str, Any]) -> float:
    """Return how many times the work of the preset's defaults these parameters are."""
    ratio = 1.0
    for entry in preset.parameters:
        if entry["name"] in ("width", "height", "steps", "frames") and entry["default"]:
            ratio *= parameters.get(entry["name"], entry["default"]) / entry["default"]
    return ratio


def in_turn(user_id: uuid.UUID) -> None:
    """Wait until no other transaction queues jobs of this person; held until the commit.

    Without it two batches of the same moment would see the same last tag, and mix.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"queue {user_id}"]
        )


def tags(user_id: uuid.UUID, costs: Sequence[float]) -> list[tuple[float, float]]:
    """Return (start, finish) for each of a person's new jobs, one after the other."""
    with connection.cursor() as cursor:
        cursor.execute(START, [user_id, Job.Status.CANCELED, CLOCK])
        start = cursor.fetchone()[0]
    found = []
    for cost in costs:
        found.append((start, start + cost))
        start += cost
    return found


def virtual_time() -> float:
    """Return the start tag of the job that was claimed last."""
    clock = FairQueue.objects.filter(name=CLOCK).values_list("virtual_time", flat=True).first()
    return clock or 0.0


def advance(start_tag: float) -> None:
    """Set the clock to a claimed job's start tag; it never goes back. Runs as the service."""
    with connection.cursor() as cursor:
        cursor.execute(ADVANCE, [CLOCK, start_tag])


def claims() -> int:
    """Return how many claims there were."""
    return FairQueue.objects.filter(name=CLOCK).values_list("claims", flat=True).first() or 0
