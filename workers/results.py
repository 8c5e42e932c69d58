"""What a worker is given for a job, and what becomes of what it brings back. All of it runs as the
service. Not for leases and attempts, which are the jobs app's.
"""

from __future__ import annotations

import contextlib
import struct
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings

from jobs import kept_presets, leases, outcomes, references
from jobs.models import ContentType, Job, Preset
from ourvidz import destinations, storage
from ourvidz.destinations import Failure, Output, Target
from ourvidz.errors import Refused
from ourvidz.storage.keys import EXTENSIONS, THUMBNAIL_TYPE
from workers.models import WorkerUrl
from workers.services import holder

# Of the file that a job makes: its type, and the most bytes that storage takes.
OUTPUTS = {
    ContentType.IMAGE: ("image/png", 128 * 1024 * 1024),
    ContentType.VIDEO: ("video/mp4", 4 * 1024 * 1024 * 1024),
}
# Of the files that may come with a report, where they would come to us anyway.
CARRIED_BYTES = 2 * 1024 * 1024
THUMBNAIL_BYTES = 1024 * 1024
PREVIEW_BYTES = 500 * 1024
# Between what a worker says and what its frames give: the container rounds.
DURATION_TOLERANCE = 0.25
# Longer than any job; an attempt that is over cannot be reported anyway.
UPLOADS_EXPIRE = timedelta(hours=12)

# Where a PNG says how wide and high it is, and how it ends.
PNG_SIZE, PNG_END = slice(16, 24), bytes.fromhex("0000000049454e44ae426082")


@dataclass(frozen=True)
class Arrived:
    """A file that was looked at, and what lies beside it."""

    target: Target
    place: str
    has_thumbnail: bool
    has_preview: bool


def claim(
    *, worker: WorkerUrl, queues: list[str], presets: list[str], loaded: str
) -> tuple[Job, dict[str, Any]] | None:
    """Lease the next job; return it with its description for the worker, or None."""
    while job := leases.claim_job(
        worker=holder(worker), queues=queues, presets=presets, loaded=loaded
    ):
        try:
            return job, described([job])[0]
        except Refused as refused:
            # Its preset or what it starts from was deleted while it waited.
            failure = Failure(code=refused.code, params=refused.params)
            fail(worker=worker, job=job, failure=failure, retryable=False)
    return None


def claim_more(*, worker: WorkerUrl, job: Job, most: int) -> list[dict[str, Any]]:
    """Lease up to `most` jobs that can be made together with one that was just claimed; return
    their descriptions.
    """
    return described(leases.claim_companions(worker=holder(worker), job=job, most=most))


def described(jobs: Sequence[Job]) -> list[dict[str, Any]]:
    """Return the `jobs` of the answer to a claim.

    Raises Refused('model_missing' | 'reference_missing').
    """
    presets = kept_presets.by_slug() if jobs else {}
    if missing := [job.preset_slug for job in jobs if job.preset_slug not in presets]:
        raise Refused("model_missing", model=missing[0])
    pairs = zip(jobs, targets(jobs), strict=True)
    return [_described(job, presets[job.preset_slug], target) for job, target in pairs]


def _described(job: Job, preset: Preset, target: Target) -> dict[str, Any]:
    return {
        "id": job.pk,
        "attempt": job.attempt,
        "preset": {
            "slug": job.preset_slug,
            "family": preset.family,
            "source": preset.source,
            "revision": job.preset_revision,
            "options": preset.options,
        },
        "content_type": job.content_type,
        "prompt": job.prompt,
        "negative_prompt": job.negative_prompt,
        "parameters": job.parameters,
        "seed": job.seed,
        "references": references.handed_out(job),
        "lease_seconds": settings.LEASE_SECONDS,
        "output": _uploads(job, target),
        "settings": {"app": "OurVidz", "model": preset.name, "licence": preset.licence},
    }


def targets(jobs: Sequence[Job]) -> list[Target]:
    """Return where the file of each job goes."""
    found: dict[uuid.UUID, Target] = {}
    for name, content_type in {(job.destination, job.content_type) for job in jobs}:
        alike = [job for job in jobs if (job.destination, job.content_type) == (name, content_type)]
        extension = EXTENSIONS[OUTPUTS[ContentType(content_type)][0]]
        places = destinations.get(name).targets(alike, extension)
        found |= zip((job.pk for job in alike), places, strict=True)
    return [found[job.pk] for job in jobs]


def keys(target: Target) -> set[str]:
    """Return the key of a job's file, and of what may lie beside it."""
    return {target.key, *(key for key, _ in _beside(target).values())}


def fail(*, worker: WorkerUrl, job: Job, failure: Failure, retryable: bool) -> None:
    """End an attempt without a result. Raises Refused('job_not_leased') for one that is over."""
    outcomes.fail_job(
        worker=holder(worker),
        job_id=job.pk,
        attempt=job.attempt,
        failure=failure,
        retryable=retryable,
    )


def _uploads(job: Job, target: Target) -> dict[str, Any]:
    """Return where the worker sends the file and what lies beside it, and what the file must be."""
    mime_type, most = OUTPUTS[ContentType(job.content_type)]
    upload = _upload(target, target.key, mime_type, most)
    found = {
        "mime_type": mime_type,
        "extension": EXTENSIONS[mime_type],
        "upload": upload,
        # An object store has its own way.
        "carried_bytes": 0 if "fallback" in upload else CARRIED_BYTES,
    }
    for name, (key, limit) in _beside(target).items():
        found[f"{name}_upload"] = _upload(target, key, THUMBNAIL_TYPE, limit)
    return found


def _upload(target: Target, key: str, mime_type: str, most: int) -> Any:
    return storage.upload_target(target.bucket, key, mime_type, most, UPLOADS_EXPIRE)


def _beside(target: Target) -> dict[str, tuple[str, int]]:
    """Return the key and the limit in bytes of what may lie beside a file, by its name."""
    found = {"thumbnail": (storage.thumbnail_key(target.key), THUMBNAIL_BYTES)}
    if storage.mime_type_of(target.key).startswith("video/"):
        found["preview"] = (storage.preview_key(target.key), PREVIEW_BYTES)
    return found


def looked_at(job: Job, target: Target, output: dict[str, Any]) -> tuple[Arrived | None, str]:
    """Return what really lies in the storage, or the code of what is wrong with it."""
    mime_type, most = OUTPUTS[ContentType(job.content_type)]
    if output["mime_type"] != mime_type or not _frames_fit(job, output):
        return None, "output_wrong"
    # Asked first: a url that an object store signed limits no size, and reading costs.
    held = _held(target.bucket, target.key, "primary")
    if held is not None and held.bytes > most:
        storage.discard([storage.Where(target.bucket, target.key, "primary")])
        return None, "output_too_large"
    stored = storage.received(target.bucket, target.key)
    if stored is None:
        return None, "output_missing"
    if (stored.bytes, stored.sha256) != (output["bytes"], output["sha256"]):
        return None, "output_wrong"
    if stored.mime_type == "image/png" and not _is_whole(stored, output):
        return None, "output_wrong"
    return _arrived(target, stored), ""


def _held(bucket: str, key: str, place: str) -> Any:
    """Return what a store says of a file, or None where it has none or does not answer."""
    with contextlib.suppress(Refused):
        return storage.stat(bucket, key, place)
    return None


def _frames_fit(job: Job, output: dict[str, Any]) -> bool:
    """A video has frames, and as long as they take; a picture has none."""
    if job.content_type != ContentType.VIDEO:
        return True
    frames, fps, duration = output["frames"], output["fps"], output["duration"]
    if not frames or not fps or not duration:
        return False
    return abs(frames / fps - duration) <= max(DURATION_TOLERANCE, 1.5 / fps)


def _is_whole(stored: storage.Stored, output: dict[str, Any]) -> bool:
    """A picture is as large as was said, and has its end."""
    size = struct.pack(">II", output["width"], output["height"])
    return stored.head[PNG_SIZE] == size and stored.tail == PNG_END


def _arrived(target: Target, stored: storage.Stored) -> Arrived:
    """Look at what lies beside the file: too large a one goes, a picture's thumbnail is made."""
    there = {}
    for name, (key, limit) in _beside(target).items():
        held = _held(target.bucket, key, stored.place)
        there[name] = held is not None and held.bytes <= limit
        if held is not None and not there[name]:
            storage.discard([storage.Where(target.bucket, key, stored.place)])
    is_picture = stored.mime_type.startswith("image/")
    if is_picture:
        storage.publish_thumbnail(target.bucket, target.key, stored.place)
    return Arrived(
        target, stored.place, is_picture or there["thumbnail"], there.get("preview", False)
    )


def output_of(arrived: Arrived, output: dict[str, Any], timings: Any) -> Output:
    """Return what a job made, as the storage and its worker have it."""
    known = {name: value for name, value in output.items() if name != "seed"}
    return Output(
        target=arrived.target,
        place=arrived.place,
        has_thumbnail=arrived.has_thumbnail,
        has_preview=arrived.has_preview,
        timings=timings,
        **known,
    )
