"""The append-only story of each job: one row for every transition. Not for reading it back: that is
the admin's and the API's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jobs.models import Job, JobStatus


def record(
    job: Job, *, worker_name: str = "", reason: str = "", params: dict[str, Any] | None = None
) -> None:
    """Write down the state that a job has just taken."""
    JobStatus.objects.create(
        user_id=job.user_id,
        job=job,
        status=job.status,
        attempt=job.attempt,
        worker_name=worker_name,
        reason=reason,
        params=params or {},
    )


def record_all(jobs: Sequence[Job]) -> None:
    """Write down the first state of a new batch, in one statement."""
    JobStatus.objects.bulk_create(
        JobStatus(user_id=job.user_id, job=job, status=job.status) for job in jobs
    )
