"""The append-only story of each job: one row for every transition. Not for reading it back: that is
the admin's and the API's.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import chain
from typing import Any

from django.db import connection

from jobs.models import Job
from ourvidz.models import uuid7

RECORD = """
    INSERT INTO job_status (id, user_id, job_id, status, attempt, worker_name, reason, params)
    VALUES """
ROW = "(%s, %s, %s, %s, %s, %s, %s, %s)"


def record(
    job: Job, *, worker_name: str = "", reason: str = "", params: dict[str, Any] | None = None
) -> None:
    """Write down the state that a job has just taken."""
    record_all([job], worker_name=worker_name, reason=reason, params=params)


def record_all(
    jobs: Sequence[Job],
    *,
    worker_name: str = "",
    reason: str = "",
    params: dict[str, Any] | None = None,
) -> None:
    """Write down the state that each of these jobs has just taken, in one statement."""
    why = (worker_name, reason, json.dumps(params or {}))
    rows = [(uuid7(), job.user_id, job.pk, str(job.status), job.attempt, *why) for job in jobs]
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(RECORD + ", ".join([ROW] * len(rows)), list(chain(*rows)))
