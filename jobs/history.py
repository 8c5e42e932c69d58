"""The append-only story of each job: one row for every transition. Not for reading it back: that is
the admin's and the API's.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.db import connection

from jobs.models import Job, JobStatus
from ourvidz.models import uuid7

RECORD = """
    INSERT INTO job_status (id, user_id, job_id, status, attempt, worker_name, reason, params)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
"""


def record(
    job: Job, *, worker_name: str = "", reason: str = "", params: dict[str, Any] | None = None
) -> None:
    """Write down the state that a job has just taken."""
    row: list[Any] = [uuid7(), job.user_id, job.pk, str(job.status), job.attempt]
    with connection.cursor() as cursor:
        cursor.execute(RECORD, [*row, worker_name, reason, json.dumps(params or {})])


def record_all(jobs: Sequence[Job]) -> None:
    """Write down the first state of a new batch, in one statement."""
    JobStatus.objects.bulk_create(
        JobStatus(user_id=job.user_id, job=job, status=job.status) for job in jobs
    )
