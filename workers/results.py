"""What a worker is given for a job, and what becomes of what it brings back. All of it runs as the
service. Not for leases and attempts, which are the jobs app's.
"""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings

from jobs import leases, outcomes, references
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
THUMBNAIL_BYTES = 1024 * 1024
# Longer than any job; an attempt that is over cannot be reported anyway.
UPLOADS_EXPIRE = timedelta(hours=12)


def claim(
    *, worker: WorkerUrl, queues: list[str], presets: list[str], loaded: str
) -> tuple[Job, dict[str, Any]] | None:
    """Lease the next job; return it with its description for the worker, or None."""
    while job := leases.claim_job(
        worker=holder(worker), queues=queues, presets=presets, loaded=loaded
    ):
        try:
            return job, described(job)
        except Refused as refused:
            # Its preset or what it starts from was deleted while it waited.
            failure = Failure(code=refused.code, params=refused.params)
            _fail(worker, job, failure, retryable=False)
    return None


def described(job: Job) -> dict[str, Any]:
    """Return the `job` of the answer to a claim.

    Raises Refused('model_missing' | 'reference_missing').
    """
    preset = Preset.objects.filter(slug=job.preset_slug).first()
    if preset is None:
        raise Refused("model_missing", model=job.preset_slug)
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
        "output": _uploads(job),
        "settings": {"app": "OurVidz", "model": preset.name, "licence": preset.licence},
    }


def succeed(
    *, worker: WorkerUrl, job_id: uuid.UUID, attempt: int, output: dict[str, Any], timings: Any
) -> str:
    """Take a result after looking at what really lies in the storage.

    Returns "" or the reason why it was not accepted: then the attempt has failed, and the job is
    tried again. Repeating it changes nothing. Raises Refused('job_not_leased') when it is over.
    """
    job = held_job(worker, job_id, attempt)
    if job.status == Job.Status.SUCCEEDED:
        return ""
    target = _target(job, output["mime_type"])
    stored = storage.received(target.bucket, target.key)
    reason = _wrong(stored, output)
    if reason or stored is None:
        _fail(worker, job, Failure(code=reason), retryable=True)
        return reason
    storage.publish_thumbnail(target.bucket, target.key, stored.place)
    outcomes.finish_job(
        worker=holder(worker),
        job_id=job.pk,
        attempt=attempt,
        output=_output(target, stored.place, output, timings),
    )
    return ""


def fail(
    *, worker: WorkerUrl, job_id: uuid.UUID, attempt: int, failure: Failure, retryable: bool
) -> None:
    """End an attempt without a result. Raises Refused('job_not_leased') for one that is over."""
    job = held_job(worker, job_id, attempt)
    _fail(worker, job, failure, retryable)


def held_job(worker: WorkerUrl, job_id: uuid.UUID, attempt: int) -> Job:
    """Return the job whose latest attempt is this worker's. Raises Refused('job_not_leased')."""
    job = Job.objects.filter(pk=job_id, worker_id=worker.pk, attempt=attempt).first()
    if job is None:
        raise Refused("job_not_leased")
    return job


def _fail(worker: WorkerUrl, job: Job, failure: Failure, retryable: bool) -> None:
    outcomes.fail_job(
        worker=holder(worker),
        job_id=job.pk,
        attempt=job.attempt,
        failure=failure,
        retryable=retryable,
    )


def _uploads(job: Job) -> dict[str, Any]:
    """Return where the worker sends the file and its thumbnail, and what the file must be."""
    mime_type, most = OUTPUTS[ContentType(job.content_type)]
    target = _target(job, mime_type)
    small = storage.thumbnail_key(target.key)
    put = storage.upload_target
    return {
        "mime_type": mime_type,
        "extension": EXTENSIONS[mime_type],
        "upload": put(target.bucket, target.key, mime_type, most, UPLOADS_EXPIRE),
        "thumbnail_upload": put(
            target.bucket, small, THUMBNAIL_TYPE, THUMBNAIL_BYTES, UPLOADS_EXPIRE
        ),
    }


def _target(job: Job, mime_type: str) -> Target:
    return destinations.get(job.destination).target(job, EXTENSIONS[mime_type])


def _wrong(stored: storage.Stored | None, output: dict[str, Any]) -> str:
    """Return the code of what is wrong with an upload, or an empty text."""
    if stored is None:
        return "output_missing"
    same = (stored.bytes, stored.sha256) == (output["bytes"], output["sha256"])
    return "" if same else "output_wrong"


def _output(target: Target, place: str, output: dict[str, Any], timings: Any) -> Output:
    known = {name: value for name, value in output.items() if name != "seed"}
    return Output(target=target, place=place, timings=timings, **known)
