"""What is only true now and may be lost: a job's latest step and preview, and the wish to cancel it.
It lives in Redis, never in the database. Not for anything that must survive a restart.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from functools import cache
from typing import Any

import redis as redis_client
from django.conf import settings

PROGRESS_SECONDS = 120
CANCEL_SECONDS = 3600


@cache
def redis() -> redis_client.Redis:
    """Return this process's connection pool to Redis."""
    return redis_client.Redis.from_url(settings.REDIS_URL, decode_responses=True)


def set_progress(job_id: uuid.UUID | str, *, step: int, of: int, preview: str = "") -> None:
    """Keep the latest step (of how many) and the latest preview (a data url) of a running job."""
    value = json.dumps({"step": step, "of": of, "preview": preview})
    redis().set(_key("progress", job_id), value, ex=PROGRESS_SECONDS)


def progress(job_ids: Iterable[uuid.UUID | str]) -> dict[str, dict[str, Any]]:
    """Return the latest progress of each job that has one, in one round trip."""
    ids = [str(job_id) for job_id in job_ids]
    if not ids:
        return {}
    values = redis().mget([_key("progress", job_id) for job_id in ids])
    return {job_id: json.loads(value) for job_id, value in zip(ids, values, strict=True) if value}


def request_cancel(job_id: uuid.UUID | str) -> None:
    """Ask whoever works on the job to stop at the next step."""
    redis().set(_key("cancel", job_id), "1", ex=CANCEL_SECONDS)


def cancel_requested(job_id: uuid.UUID | str) -> bool:
    """Return whether the job should stop at the next step."""
    return bool(redis().exists(_key("cancel", job_id)))


def clear(job_id: uuid.UUID | str) -> None:
    """Forget a job that is finished."""
    redis().delete(_key("progress", job_id), _key("cancel", job_id))


def _key(kind: str, job_id: uuid.UUID | str) -> str:
    return f"{settings.NAMESPACE}:{kind}:{job_id}"
