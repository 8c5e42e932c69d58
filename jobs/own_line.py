"""What people do with their own jobs while those wait: put them in another order, pause them,
change them. Their place among other people stays what it was: only the person's own tags are dealt
out anew, from where the first of them stood. Not for canceling: see services.py.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Sequence
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from jobs import fairness, limits, queue, services, specs
from jobs.models import Job, Preset
from ourvidz import bulk, destinations
from ourvidz.errors import Refused

EDITED = ("prompt", "negative_prompt", "parameters", "seed", "cost")


def move_job(*, user: Any, job_id: uuid.UUID, before: uuid.UUID | None = None) -> list[Job]:
    """Put a waiting job before another one of the same person, or last. Returns the person's line.

    Raises Refused('not_found') or Refused('job_not_waiting').
    """
    with transaction.atomic():
        line = _line(user)
        job = _waiting(user, line, job_id)
        if before == job_id:
            return line
        others = [one for one in line if one is not job]
        place = others.index(_waiting(user, line, before)) if before else len(others)
        return _put(user, line, job, place)


def shift_job(*, user: Any, job_id: uuid.UUID, to: str) -> list[Job]:
    """Put a waiting job 'first' or 'last' of its person's, or one place 'earlier' or 'later'.
    Returns the person's line.

    Raises Refused('not_found') or Refused('job_not_waiting').
    """
    with transaction.atomic():
        line = _line(user)
        job = _waiting(user, line, job_id)
        here = line.index(job)
        places = {"first": 0, "earlier": max(0, here - 1), "later": here + 1, "last": len(line)}
        return _put(user, line, job, places[to])


def pause_jobs(*, user: Any, job_ids: Sequence[uuid.UUID]) -> int:
    """Let waiting jobs wait until they are resumed; returns how many were paused now."""
    with transaction.atomic():
        line = _line(user)
        jobs = [job for job in line if job.pk in set(job_ids) and job.paused_at is None]
        for job in jobs:
            job.paused_at = timezone.now()
        bulk.write(jobs, ["paused_at"])
        if jobs:
            _deal(line)
        destinations.changed(jobs)
    return len(jobs)


def resume_jobs(*, user: Any, job_ids: Sequence[uuid.UUID]) -> int:
    """Let paused jobs go on, where they stood but never before what has been served meanwhile;
    returns how many.
    """
    with transaction.atomic():
        line = _line(user)
        jobs = [job for job in line if job.pk in set(job_ids) and job.paused_at is not None]
        for job in jobs:
            job.paused_at = None
        for name in sorted({job.queue for job in jobs}):
            ids = [job.pk for job in jobs if job.queue == name]
            transaction.on_commit(partial(queue.ring, name, *ids), robust=True)
        bulk.write(jobs, ["paused_at"])
        if jobs:
            _deal(line)
        destinations.changed(jobs)
    return len(jobs)


def edit_job(
    *,
    user: Any,
    job_id: uuid.UUID,
    prompt: str | None = None,
    parameters: dict[str, Any] | None = None,
    seed: int | None = None,
) -> Job:
    """Change a waiting job: its prompt, some of its settings, its seed. What is left out stays.

    Raises Refused('not_found'), Refused('job_not_waiting'), or what queueing it would be refused
    for.
    """
    with transaction.atomic():
        line = _line(user)
        job = _waiting(user, line, job_id)
        preset = services.offered_preset(job.preset_slug)
        before = job.cost
        _change(job, preset, prompt, parameters, seed)
        limits.check_room(user, wanted=0, cost=max(0.0, job.cost - before))
        job.save(update_fields=list(EDITED))
        _deal(line)
        destinations.get(job.destination).edited(job)
    return job


def prioritise_job(*, job_id: uuid.UUID, priority: int) -> Job:
    """Give anybody's waiting job a priority; higher ones go first, 0 is everybody's. For operators,
    as the service.

    Raises Refused.
    """
    if abs(priority) > specs.PRIORITY_LIMIT:
        raise Refused("priority_range", field="priority", limit=specs.PRIORITY_LIMIT)
    with transaction.atomic():
        job = Job.objects.select_for_update().filter(pk=job_id).first()
        if job is None:
            raise Refused("not_found")
        if job.status != Job.Status.QUEUED:
            raise Refused("job_not_waiting")
        job.priority = priority
        job.save(update_fields=["priority"])
    return job


def jobs_of_batch(*, user: Any, batch_id: uuid.UUID) -> list[uuid.UUID]:
    """Return the ids of a batch's jobs. Raises Refused('not_found')."""
    found = Job.objects.for_user(user).filter(batch_id=batch_id).values_list("pk", flat=True)
    if not found:
        raise Refused("not_found")
    return list(found)


def _change(
    job: Job,
    preset: Preset,
    prompt: str | None,
    parameters: dict[str, Any] | None,
    seed: int | None,
) -> None:
    if prompt is not None:
        job.prompt = specs.checked_prompt(prompt)
    if parameters is not None:
        declared = {entry["name"] for entry in preset.parameters}
        kept = {name: value for name, value in job.parameters.items() if name in declared}
        own = {name: value for name, value in job.parameters.items() if name not in declared}
        job.parameters = own | specs.checked_parameters(preset, kept | parameters)
        job.negative_prompt = job.parameters.get("negative_prompt", "")
    if seed is not None:
        job.seed = specs.checked_seeds(seed, 1)[0]
    job.cost = fairness.expected_seconds(preset, job.parameters)


def _line(user: Any) -> list[Job]:
    """Lock and return a person's waiting jobs in the order in which they are claimed."""
    fairness.in_turn(getattr(user, "pk", user))
    waiting = Job.objects.for_user(user).waiting().in_fair_order()
    return list(waiting.select_for_update(of=("self",)))


def _waiting(user: Any, line: Sequence[Job], job_id: uuid.UUID) -> Job:
    found = next((job for job in line if job.pk == job_id), None)
    if found is not None:
        return found
    there = Job.objects.for_user(user).filter(pk=job_id).exists()
    raise Refused("job_not_waiting" if there else "not_found")


def _put(user: Any, line: Sequence[Job], job: Job, place: int) -> list[Job]:
    """Put a job of the line at that place among the others."""
    others = [one for one in line if one is not job]
    _deal([*others[:place], job, *others[place:]])
    destinations.changed([job])
    return _line(user)


def _deal(line: Sequence[Job]) -> None:
    """Give the jobs their tags anew in this order, one behind the other, from where the first of
    them stood: together they weigh what they weighed before. A paused one keeps its place in the
    order, but takes no time from those behind it: the next tag is the next number that there is.
    """
    start = max(fairness.virtual_time(), min(job.start_tag for job in line))
    for job in line:
        job.start_tag, job.finish_tag = start, start + job.cost
        start = job.finish_tag if job.paused_at is None else math.nextafter(start, math.inf)
    bulk.write(line, ["start_tag", "finish_tag"])
