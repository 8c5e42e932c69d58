"""Writes that people ask for: to queue jobs and to cancel them. Not for what workers do with a job:
see leases.py and outcomes.py.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from functools import partial
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from jobs import fairness, history, kept_presets, limits, queue, references, specs
from jobs.models import Job, Preset
from jobs.specs import (
    PRIORITY_LIMIT,
    JobSpec,
    checked_parameters,
    checked_prompt,
    checked_seeds,
)
from jobs.webhooks.services import note_ends
from ourvidz import destinations, live, storage
from ourvidz.errors import Refused
from ourvidz.models import uuid7

CANCELED, CANCELING, FINISHED = "canceled", "canceling", "finished"


def queue_job(*, user: Any, spec: JobSpec) -> list[Job]:
    """Write a batch of jobs with their placeholders and ring for a worker when it is committed.

    An idempotency key that was used for the same request returns that batch. Raises Refused.
    """
    if spec.idempotency_key and (found := _repeated(user, spec)):
        return found
    try:
        with transaction.atomic():
            return _queue(user, spec)
    except IntegrityError:
        # Two equal requests at once: the other one was first.
        if spec.idempotency_key and (found := _repeated(user, spec)):
            return found
        raise


def cancel_job(*, user: Any, job_id: uuid.UUID) -> str:
    """Cancel a job: at once where it waits, at the next step where it runs.

    Returns which it was: 'canceled', 'canceling', or 'finished' where there was nothing to cancel.
    Raises Refused('not_found').
    """
    with transaction.atomic():
        # Before any row: whoever puts the same line into another order locks many.
        fairness.in_turn(getattr(user, "pk", user))
        job = Job.objects.for_user(user).select_for_update().filter(pk=job_id).first()
        if job is None:
            raise Refused("not_found")
        if job.is_finished:
            return CANCELED if job.status == Job.Status.CANCELED else FINISHED
        if job.status == Job.Status.RUNNING:
            return _cancel_running(job)
        return _cancel_waiting(job)


def cancel_batch(*, user: Any, batch_id: uuid.UUID) -> dict[uuid.UUID, str]:
    """Cancel every job of a batch; returns which case each met, as `cancel_job` does.

    Raises Refused('not_found') where there is no such batch.
    """
    with transaction.atomic():
        # In the order in which a report locks them.
        jobs = Job.objects.for_user(user).filter(batch_id=batch_id).order_by("pk")
        ids = list(jobs.values_list("pk", flat=True))
        if not ids:
            raise Refused("not_found")
        return {job_id: cancel_job(user=user, job_id=job_id) for job_id in ids}


def offered_preset(slug: str) -> Preset:
    """Return a preset that can be used now. Raises Refused."""
    preset = kept_presets.preset_of(slug)
    if preset is None:
        raise Refused("preset_unknown", field="preset", preset=slug)
    if not preset.is_enabled:
        raise Refused("preset_disabled", field="preset", preset=str(preset))
    if not preset.is_installed:
        raise Refused("preset_not_installed", field="preset", preset=str(preset))
    return preset


def checked_request(user: Any, spec: JobSpec) -> tuple[Preset, dict[str, Any], list[int]]:
    """Return the preset, the columns of what was asked for, and a seed for each item.

    Raises Refused where the preset, the person's quota or what they have does not allow it, or
    there is no room for what would be made.
    """
    preset = offered_preset(spec.preset)
    if not storage.has_room():
        raise Refused("storage_full")
    request = _checked(user, preset, spec)
    seeds = checked_seeds(spec.seed, spec.count)
    _check_terms(user, spec)
    cost = fairness.expected_seconds(preset, request["parameters"])
    limits.check_room(user, wanted=len(seeds), cost=cost * len(seeds))
    return preset, request, seeds


def end_canceled(job: Job) -> None:
    """Write that a job ended because its owner wanted so. The caller holds the row's lock."""
    job.status = Job.Status.CANCELED
    job.finished_at = timezone.now()
    job.lease_expires_at = None
    job.failure_code = CANCELED
    job.save(update_fields=["status", "finished_at", "lease_expires_at", "failure_code"])
    history.record(job, reason=CANCELED)
    note_ends([job])
    destinations.get(job.destination).fail(job, destinations.Failure(code=CANCELED))
    transaction.on_commit(partial(live.clear, job.pk))


def _queue(user: Any, spec: JobSpec) -> list[Job]:
    fairness.in_turn(user.pk)
    preset, request, seeds = checked_request(user, spec)
    destination = _destination(spec)
    room = destination.room(user, spec.room())
    jobs = _build(user, spec, preset, request, seeds, room)
    Job.objects.bulk_create(jobs)
    history.record_all(jobs)
    destination.prepare(jobs)
    destinations.announce(jobs)
    ids = [job.pk for job in jobs]
    transaction.on_commit(partial(queue.ring, preset.queue, *ids), robust=True)
    return jobs


def _checked(user: Any, preset: Preset, spec: JobSpec) -> dict[str, Any]:
    """Return the columns of what was asked for, as the preset allows it. Raises Refused."""
    parameters = checked_parameters(preset, spec.parameters)
    kept = references.checked_references(user, preset, spec.references)
    prompt = spec.prompt
    if not preset.needs_words and not prompt.strip():
        # Enlarged, it still shows what it showed.
        prompt = kept[0]["title"] or str(preset)
    return {
        "prompt": checked_prompt(prompt),
        "negative_prompt": parameters.get("negative_prompt", ""),
        "parameters": parameters,
        "references": kept,
        **references.parent_of(user, preset, spec, kept),
    }


def _build(
    user: Any,
    spec: JobSpec,
    preset: Preset,
    request: dict[str, Any],
    seeds: Sequence[int],
    room: dict[str, Any],
) -> list[Job]:
    cost = fairness.expected_seconds(preset, request["parameters"])
    tags = fairness.tags(user.pk, [cost] * len(seeds))
    shared: dict[str, Any] = {
        **_of_preset(preset),
        **request,
        **room,
        "user": user,
        "batch_id": uuid7(),
        "destination": spec.destination,
        "max_attempts": settings.JOB_MAX_ATTEMPTS,
        "cost": cost,
        "start_by": spec.start_by,
        "priority": spec.priority,
        "idempotency_key": spec.idempotency_key,
        "request_hash": spec.fingerprint() if spec.idempotency_key else "",
    }
    own = specs.varied(request["parameters"], seeds)
    return [
        Job(batch_index=index, start_tag=start, finish_tag=finish, **{**shared, **columns})
        for index, (columns, (start, finish)) in enumerate(zip(own, tags, strict=True))
    ]


def _of_preset(preset: Preset) -> dict[str, Any]:
    """What a job keeps of its preset, since the preset may change while it waits."""
    return {
        "preset_slug": preset.slug,
        "preset_revision": preset.revision,
        "content_type": preset.content_type,
        "quality": preset.quality,
        "job_type": preset.job_type,
        "bucket_name": preset.bucket_name,
        "queue": preset.queue,
    }


def _destination(spec: JobSpec) -> destinations.Destination:
    try:
        return destinations.get(spec.destination)
    except KeyError:
        raise Refused("destination_unknown", field="destination") from None


def _check_terms(user: Any, spec: JobSpec) -> None:
    if spec.start_by is not None and spec.start_by <= timezone.now():
        raise Refused("start_by_past", field="start_by")
    if spec.priority and not getattr(user, "is_staff", False):
        raise Refused("priority_staff", field="priority")
    if abs(spec.priority) > PRIORITY_LIMIT:
        raise Refused("priority_range", field="priority", limit=PRIORITY_LIMIT)


def _repeated(user: Any, spec: JobSpec) -> list[Job]:
    """Return the batch that this key made before. Raises Refused where it was another request."""
    jobs = list(
        Job.objects.for_user(user)
        .filter(idempotency_key=spec.idempotency_key)
        .order_by("batch_index")
    )
    if jobs and jobs[0].request_hash != spec.fingerprint():
        raise Refused("idempotency_mismatch")
    return jobs


def _cancel_waiting(job: Job) -> str:
    end_canceled(job)
    return CANCELED


def _cancel_running(job: Job) -> str:
    if job.cancel_requested_at is None:
        job.cancel_requested_at = timezone.now()
        job.save(update_fields=["cancel_requested_at"])
    transaction.on_commit(partial(live.request_cancel, job.pk))
    return CANCELING
