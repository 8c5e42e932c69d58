"""What must be true of a site after whatever happened to it: every job in a true final state, every
result there once and whole, no file without a row. Not for making things go wrong: see chaos.py.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import timedelta
from typing import Any

FINAL = {"succeeded", "failed", "canceled"}


def verdict(keys: set[str]) -> dict[str, int]:
    """Count everything, the wrong things under names that say what is wrong. `keys` are the
    idempotency keys of all requests that were answered with 202.
    """
    from ourvidz.rows import as_service

    with as_service("chaos"):
        jobs, states = _jobs(), _states()
        found = _of_jobs(jobs, states, keys) | _of_results(jobs)
    return found | _of_files()


def wrong(found: dict[str, int]) -> dict[str, int]:
    """Return those counts that must be 0 and are not."""
    return {name: count for name, count in found.items() if name.startswith("!") and count}


def unfinished() -> int:
    """How many jobs are not yet in a final state."""
    from jobs.models import Job
    from ourvidz.rows import as_service

    with as_service("chaos"):
        return Job.objects.exclude(status__in=FINAL).count()


def _jobs() -> list[Any]:
    from jobs.models import Job

    return list(Job.objects.all())


def _states() -> dict[Any, list[str]]:
    from jobs.models import JobStatus

    found: dict[Any, list[str]] = {}
    for state in JobStatus.objects.order_by("created_at", "id"):
        found.setdefault(state.job_id, []).append(state.status)
    return found


def _reasons() -> dict[str, int]:
    """Why attempts ended without a result."""
    from jobs.models import JobStatus

    reasons = JobStatus.objects.exclude(reason="").values_list("reason", flat=True)
    return {f"because: {name}": count for name, count in sorted(Counter(reasons).items())}


def _of_jobs(jobs: list[Any], states: dict[Any, list[str]], keys: set[str]) -> dict[str, int]:
    by_key = Counter(job.idempotency_key for job in jobs)
    count = Counter(job.status for job in jobs)
    reasons = [job for job in jobs if job.status == "failed" and not job.failure_code]
    # Those of one report have ended at one moment.
    moments = Counter(job.finished_at for job in jobs if job.status == "succeeded")
    return {
        "accepted": len(keys),
        "jobs": len(jobs),
        **{state: count[state] for state in sorted(FINAL)},
        "attempts": sum(job.attempt for job in jobs),
        "told together": sum(many for many in moments.values() if many > 1),
        **_reasons(),
        "!accepted and lost": len(keys - by_key.keys()),
        "!queued twice": sum(1 for many in by_key.values() if many > 1),
        "!not final": sum(1 for job in jobs if job.status not in FINAL),
        "!failed without a reason": len(reasons),
        "!history tells another end": sum(1 for job in jobs if states[job.pk][-1] != job.status),
        "!ended twice": sum(
            1 for job in jobs if sum(state in FINAL for state in states[job.pk]) > 1
        ),
    }


def _of_results(jobs: list[Any]) -> dict[str, int]:
    """Rows of results against jobs: one for each that succeeded, none for any other."""
    from library.models import Media
    from workspace.models import WorkspaceItem

    media = Counter(Media.objects.exclude(job_id__isnull=True).values_list("job_id", flat=True))
    items = list(WorkspaceItem.objects.exclude(job__isnull=True))
    made = media + Counter(item.job_id for item in items if item.has_file)
    status = {job.pk: job.status for job in jobs}
    told = {"queued": "generating", "running": "generating", "succeeded": "generated"}
    return {
        "results": sum(made.values()),
        "!double results": sum(1 for many in made.values() if many > 1),
        "!succeeded without a result": sum(
            1 for job in jobs if job.status == "succeeded" and not made[job.pk]
        ),
        "!results of jobs that did not succeed": sum(
            1 for job_id in made if status.get(job_id) != "succeeded"
        ),
        "!cards that lie": sum(
            1 for item in items if item.status != told.get(status[item.job_id], "failed")
        ),
    }


def _of_files() -> dict[str, int]:
    """Files against rows, before and after a sweep that spares nothing."""
    from ourvidz.rows import as_service
    from ourvidz.storage import sweep

    swept = sweep.sweep(grace=timedelta(0))
    again = sweep.sweep(grace=timedelta(0))
    with as_service("chaos"):
        rows = _rows_with_files()
    checked = [_checked(row) for row in rows]
    return {
        "files": again.looked_at,
        "brought home": swept.brought_home,
        "orphans swept": swept.orphans,
        "!sweep failures": again.failures,
        "!orphans after the sweep": again.orphans,
        "!rows without a file": checked.count("missing"),
        "!files with a wrong checksum": checked.count("wrong"),
    }


def _rows_with_files() -> list[Any]:
    from ourvidz.storage import rows

    return [row for kind in rows.kinds() for row in kind.rows() if row.has_file]


def _checked(row: Any) -> str:
    from ourvidz import storage
    from ourvidz.errors import Refused

    try:
        with storage.open(row.bucket_name, row.storage_path, row.storage_place) as file:
            data = file.read()
    except Refused:
        return "missing"
    right = (len(data), hashlib.sha256(data).hexdigest()) == (row.bytes, row.sha256)
    return "right" if right else "wrong"
