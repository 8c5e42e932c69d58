"""What workers report: how attempts ended, one or several in a call. The results of several are
written in as many statements as of one. All of it runs as the service. Not for what makes a file
good: see results.py.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Collection, Mapping, Sequence
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
    good, refused = _looked_at([pair for pair in held.values() if _is_good(pair[1])], files)
    _lock(held)
    wrong |= _refuse(worker, refused) | _succeed(worker, good)
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


def _looked_at(
    made: Sequence[tuple[Job, Report]], files: Files
) -> tuple[list[outcomes.Made], dict[Job, str]]:
    """Return what lies in the storage as it was said to, and what is wrong where it does not."""
    new = [(job, report) for job, report in made if job.status != Job.Status.SUCCEEDED]
    targets = results.targets([job for job, _ in new])
    _keep(files, targets)
    good, refused = [], {}
    for (job, report), target in zip(new, targets, strict=True):
        arrived, reason = results.looked_at(job, target, report["output"])
        if arrived is None:
            refused[job] = reason
        else:
            output = results.output_of(arrived, report["output"], report["timings"])
            good.append(outcomes.Made(job_id=job.pk, attempt=job.attempt, output=output))
    return good, refused


def _lock(job_ids: Collection[uuid.UUID]) -> None:
    """Lock several jobs before anything is written, in the one order that all keep to: a heartbeat,
    or their person who cancels the batch, may come at the same moment.
    """
    if len(job_ids) > 1:
        rows = Job.objects.filter(pk__in=job_ids).order_by("pk").select_for_update()
        list(rows.values_list("pk"))


def _succeed(worker: WorkerUrl, made: Sequence[outcomes.Made]) -> dict[uuid.UUID, str]:
    """Take results; return the code of what is wrong, for jobs whose attempt is over by now."""
    held = {job.pk for job in outcomes.finish_jobs(worker=holder(worker), made=made)}
    return {each.job_id: OVER for each in made if each.job_id not in held}


def _keep(files: Files, targets: Sequence[Target]) -> None:
    """Store what came with the reports, for jobs that have no file yet."""
    wanted = {key for target in targets for key in results.keys(target)}
    for token, file in files.items():
        upload_views.keep(file, token, wanted)


def _refuse(worker: WorkerUrl, refused: Mapping[Job, str]) -> dict[uuid.UUID, str]:
    """Try again where that can help; returns what is wrong with each."""
    for job, reason in refused.items():
        log.warning("Worker %s: its file of job %s was refused: %s", worker.name, job.pk, reason)
        retryable = reason not in HOPELESS
        results.fail(worker=worker, job=job, failure=Failure(code=reason), retryable=retryable)
    return {job.pk: reason for job, reason in refused.items()}


def _fail(worker: WorkerUrl, job: Job, report: Report) -> str:
    """Take a failure; returns its code."""
    error = report.get("error") or {"code": "canceled", "params": {}, "retryable": False}
    failure = Failure(code=error["code"], params=error["params"])
    results.fail(worker=worker, job=job, failure=failure, retryable=error["retryable"])
    return failure.code
