"""What workers report: how attempts ended, one or several in a call. The results of several are
written in as many statements as of one. All of it runs as the service. Not for what makes a file
good: see results.py.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.files.uploadedfile import UploadedFile

from jobs import outcomes
from jobs.models import Job
from ourvidz import upload_views
from ourvidz.destinations import Failure, Target
from ourvidz.errors import Refused
from workers import results, services
from workers.models import WorkerUrl
from workers.services import holder

log = logging.getLogger(__name__)

OVER = "job_not_leased"
# What another attempt would only repeat.
HOPELESS = ("output_too_large",)

Report = Mapping[str, Any]  # as CallbackSerializer validates it
Files = Mapping[str, UploadedFile]  # what came with a report, by the signature of its upload url


def take(*, worker: WorkerUrl, reports: Sequence[Report], files: Files) -> list[str]:
    """Take reports of different jobs; return for each what is wrong with it, or nothing.

    A result that is not as it was said to be has failed, and its job is tried again. Repeating a
    report changes nothing. Raises Refused for a file that cannot be kept, and Refused(
    'job_not_leased') where the first attempt is over: nothing is taken then.
    """
    held = _held(worker, reports)
    wrong = {each["job_id"]: OVER for each in reports if each["job_id"] not in held}
    wrong |= _succeed(worker, [pair for pair in held.values() if _is_good(pair[1])], files)
    if wrong.get(reports[0]["job_id"]) == OVER:
        raise Refused(OVER)
    failed = {job.pk: _fail(worker, job, each) for job, each in held.values() if not _is_good(each)}
    services.note_ends(worker=worker, failures=dict.fromkeys(held, "") | wrong | failed)
    return [wrong.get(each["job_id"], "") for each in reports]


def _is_good(report: Report) -> bool:
    return report["status"] == "succeeded"


def _held(worker: WorkerUrl, reports: Sequence[Report]) -> dict[uuid.UUID, tuple[Job, Report]]:
    """The jobs whose latest attempts are this worker's, as it says, and may still end so."""
    known = {each["job_id"]: each for each in reports}
    mine = Job.objects.filter(pk__in=known, worker_id=worker.pk)
    return {job.pk: (job, known[job.pk]) for job in mine if _may_end(job, known[job.pk])}


def _may_end(job: Job, report: Report) -> bool:
    is_open = job.status in (Job.Status.RUNNING, Job.Status.SUCCEEDED)
    return job.attempt == report["attempt"] and (is_open or not _is_good(report))


def _succeed(
    worker: WorkerUrl, made: Sequence[tuple[Job, Report]], files: Files
) -> dict[uuid.UUID, str]:
    """Take results; return the code of what is wrong, for jobs where something is."""
    new = [(job, report) for job, report in made if job.status != Job.Status.SUCCEEDED]
    targets = results.targets([job for job, _ in new])
    _keep(files, targets)
    good, wrong = [], {}
    for (job, report), target in zip(new, targets, strict=True):
        arrived, reason = results.looked_at(job, target, report["output"])
        if arrived is None:
            wrong[job.pk] = _refuse(worker, job, reason)
        else:
            output = results.output_of(arrived, report["output"], report["timings"])
            good.append(outcomes.Made(job_id=job.pk, attempt=job.attempt, output=output))
    held = {job.pk for job in outcomes.finish_jobs(worker=holder(worker), made=good)}
    return wrong | {each.job_id: OVER for each in good if each.job_id not in held}


def _keep(files: Files, targets: Sequence[Target]) -> None:
    """Store what came with the reports, for jobs that have no file yet."""
    wanted = {key for target in targets for key in results.keys(target)}
    for token, file in files.items():
        upload_views.keep(file, token, wanted)


def _refuse(worker: WorkerUrl, job: Job, reason: str) -> str:
    log.warning("Worker %s: its file of job %s was refused: %s", worker.name, job.pk, reason)
    retryable = reason not in HOPELESS
    results.fail(worker=worker, job=job, failure=Failure(code=reason), retryable=retryable)
    return reason


def _fail(worker: WorkerUrl, job: Job, report: Report) -> str:
    """Take a failure; returns its code."""
    error = report.get("error") or {"code": "canceled", "params": {}, "retryable": False}
    failure = Failure(code=error["code"], params=error["params"])
    results.fail(worker=worker, job=job, failure=failure, retryable=error["retryable"])
    return failure.code
