"""The worker protocol over HTTP: register, heartbeat, claim, progress, job-callback. A worker has a
token of its own, is nobody's user, and touches only jobs it has leased. Not for the staff's view of
workers.
"""

from __future__ import annotations

import logging
from dataclasses import asdict
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from accounts.tokens import bearer
from jobs import leases
from ourvidz import parked, rows
from ourvidz.errors import Refused
from ourvidz.parsers import JSONParser, ReportParser
from workers import instances, reports, results, serializers, services
from workers.models import WorkerUrl
from workers.scaling.enrolment import enrol
from workers.tokens import IsWorker, WorkerTokenAuthentication

log = logging.getLogger(__name__)

MAX_BYTES = 64 * 1024
POLL_SECONDS = 2
# One that is gone says first that it is back, by a heartbeat.
NO_JOBS = (WorkerUrl.Status.DRAINING, WorkerUrl.Status.QUARANTINED, WorkerUrl.Status.GONE)


class WorkerView(APIView):
    """One call of the protocol: a small JSON body from a worker with a valid token."""

    authentication_classes = [WorkerTokenAuthentication]
    permission_classes = [IsWorker]
    parser_classes = [JSONParser]
    throttle_classes: list[Any] = []
    serializer: type[Serializer[Any]]
    most_bytes = MAX_BYTES
    # Not part of the public API's schema: it is described in ARCHITECTURE.md.
    schema = None

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        """The identity's transaction is the only one: one around it would cost two round trips."""
        return transaction.non_atomic_requests(super().as_view(**initkwargs))

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """The identity middleware leaves these addresses alone: the identity is set here."""
        with rows.as_service("worker"):
            return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if int(request.META.get("CONTENT_LENGTH") or 0) > self.most_bytes:
            raise Refused("body_too_large", limit=self.most_bytes // 1024)
        super().initial(request, *args, **kwargs)

    def handle_exception(self, exc: Exception) -> Response:
        """Answer as ever, and leave the reason in the log: a worker has nobody who reads it."""
        response = super().handle_exception(exc)
        # Not `auth`, which would look once more who this is.
        worker = getattr(self.request, "_auth", None) or self.request.META.get("REMOTE_ADDR")
        code = response.data.get("code") if isinstance(response.data, dict) else ""
        log.warning("Worker %s: %s was refused: %s", worker, self.request.path, code)
        return response

    def post(self, request: Request) -> Response:
        """Check the body, then do what the call is for."""
        serializer = self.serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        return self.call(request.auth, dict(serializer.validated_data))

    def call(self, worker: Any, body: dict[str, Any]) -> Response:
        """Do it, with a body that was checked."""
        raise NotImplementedError


class Enrol(WorkerView):
    """Turn a pool's enrolment token into a worker with a token of its own."""

    authentication_classes = []
    permission_classes = []
    serializer = serializers.EnrolSerializer

    def call(self, worker: Any, body: dict[str, Any]) -> Response:
        made, token = enrol(secret=bearer(self.request._request), name=body["name"])
        return Response({"worker_id": made.pk, "name": made.name, "token": token}, status=201)


class Register(WorkerView):
    """Say what a worker is; answers its name and the intervals it should keep."""

    serializer = serializers.RegisterSerializer

    def call(self, worker: WorkerUrl, body: dict[str, Any]) -> Response:
        services.register(worker=worker, description=services.Description(**body))
        instances.take_over(worker, self.request)
        return Response(
            {
                "worker_id": worker.pk,
                "name": worker.name,
                "lease_seconds": settings.LEASE_SECONDS,
                "heartbeat_seconds": settings.HEARTBEAT_SECONDS,
                "poll_seconds": POLL_SECONDS,
            }
        )


class Heartbeat(WorkerView):
    """Say that a worker lives; answers whether to drain, and which jobs to give up."""

    serializer = serializers.HeartbeatSerializer

    def call(self, worker: WorkerUrl, body: dict[str, Any]) -> Response:
        instances.check(worker, self.request)
        orders = services.heartbeat(worker=worker, beat=services.Beat(**body))
        return Response(asdict(orders))


class Claim(WorkerView):
    """Take the next job, and up to `max_jobs` altogether that can be made in one batch with it; 204
    when none waits that this worker can do."""

    serializer = serializers.ClaimSerializer

    def call(self, worker: WorkerUrl, body: dict[str, Any]) -> Response:
        instances.check(worker, self.request)
        if jobs := claimed(worker, dict(body)):
            return Response(jobs)
        parked.leave(self.request._request, partial(self.again, body))
        return Response(status=204)

    def again(self, wanted: dict[str, Any]) -> tuple[list[str], bytes]:
        """The same claim later, from a worker that may have been drained or replaced meanwhile: the
        ids of the jobs that it leased, and the answer's body."""
        try:
            with rows.as_service("worker"):
                _nobody, worker = WorkerTokenAuthentication().authenticate(self.request)
                instances.check(worker, self.request)
                jobs = claimed(worker, dict(wanted))
        except Refused:
            # It hears why when it asks itself.
            jobs = {}
        ids = [str(each["id"]) for each in jobs.get("jobs", [])]
        return ids, JSONRenderer().render(jobs) if jobs else b""


class Progress(WorkerView):
    """Show a step; answers whether the job was canceled."""

    serializer = serializers.ProgressSerializer

    def call(self, worker: WorkerUrl, body: dict[str, Any]) -> Response:
        preview = body.pop("preview")
        body["preview"] = f"data:image/webp;base64,{preview}" if preview else ""
        cancel = leases.record_progress(worker=services.holder(worker), **body)
        return Response({"cancel": cancel})


class JobCallback(WorkerView):
    """Say how an attempt ended. Repeating it changes nothing; one that is over is refused (409).

    Others of the same worker may come `also`, each as if it came alone; the answer says in `also`,
    in their order, which were taken. With a `claim`, the answer brings what that would: a call less
    for each job. Small files may come with it as multipart/form-data, each named by the signature
    in its upload url.
    """

    serializer = serializers.CallbackSerializer
    parser_classes = [JSONParser, ReportParser]
    wanted: dict[str, Any] | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """What is reported is told to pages before the next job is looked for."""
        response: Any = super().dispatch(request, *args, **kwargs)
        if self.wanted is not None:
            worker: Any = self.request.auth
            response.data |= self._next(worker, self.wanted)
        return response

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Files are larger than what is said of them."""
        carries = (request.content_type or "").startswith(ReportParser.media_type)
        self.most_bytes = results.CARRIED_BYTES + MAX_BYTES if carries else MAX_BYTES
        super().initial(request, *args, **kwargs)

    def call(self, worker: WorkerUrl, body: dict[str, Any]) -> Response:
        listed = [body, *body.get("also", [])]
        wrong = reports.take(worker=worker, reports=listed, files=self.request.FILES)
        if any(wrong) or any(each["status"] != "succeeded" for each in listed):
            # It may be in quarantine now.
            worker.refresh_from_db()
        self.wanted = body.get("claim")
        also = {"also": [answer(reason) for reason in wrong[1:]]} if "also" in body else {}
        return Response(answer(wrong[0]) | also)

    def _next(self, worker: WorkerUrl, wanted: dict[str, Any]) -> dict[str, Any]:
        try:
            with rows.as_service("worker"):
                instances.check(worker, self.request)
                return claimed(worker, wanted) or {"more": False}
        except Exception:
            # Whatever is wrong with the next job, the result of this one is kept.
            log.exception("A callback of %s brought no job.", worker.name)
            return {}


def answer(reason: str) -> dict[str, Any]:
    """Say whether a report was taken, and the code of what is wrong with it."""
    return {"accepted": not reason, "reason": reason}


def claimed(worker: WorkerUrl, wanted: dict[str, Any]) -> dict[str, Any]:
    """Lease the next job to a worker; returns the answer that brings it, empty where none waits."""
    if worker.status in NO_JOBS:
        return {}
    loaded, most = wanted.pop("loaded_preset"), wanted.pop("max_jobs")
    found = results.claim(worker=worker, loaded=loaded, **wanted)
    if found is None:
        return {}
    job, description = found
    # How many pay to be made at once, a worker knows of the model that it has loaded.
    known = loaded == job.preset_slug
    services.note_job(worker=worker, job=job, at_once=most if known else None)
    most = most if known or not loaded else 1
    more = results.claim_more(worker=worker, job=job, most=most - 1)
    return {
        "job": description,
        "jobs": [description, *more],
        # A worker that knows it is the last one need not ask before it has sent what it made.
        "more": leases.waits(wanted["queues"]),
    }
