"""The API of presets and jobs: what can be made, making it, and how far it is. Not for results: the
workspace and the library have those.
"""

from __future__ import annotations

import uuid
from collections import Counter
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django_filters.rest_framework import (
    ChoiceFilter,
    DjangoFilterBackend,
    FilterSet,
    UUIDFilter,
)
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from jobs import estimates, own_line, places, services
from jobs.line_serializers import JobChange
from jobs.models import ContentType, Job, Preset
from jobs.preset_serializers import PresetSerializer
from jobs.serializers import (
    BatchCancelSerializer,
    BatchSerializer,
    CancelSerializer,
    EstimateSerializer,
    JobDetailSerializer,
    JobRequest,
    JobSerializer,
)
from jobs.specs import JobSpec, ReferenceSpec
from ourvidz import feed, live, patience
from ourvidz.api import View, ViewSet
from ourvidz.errors import Refused
from ourvidz.rows import as_service

KEY_HEADER = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="Any text of yours, at most 128 characters. The same request with the same key "
    "answers with the first one's jobs; another request with it is refused (409).",
)

WAIT_HEADER = OpenApiParameter(
    "Prefer",
    str,
    OpenApiParameter.HEADER,
    description="`wait=N` (RFC 7240): answer when all is finished, or after N seconds, at most "
    f"{patience.WAIT_LIMIT}. What is still not finished then answers as without it.",
)


class PresetFilter(FilterSet):
    content_type = ChoiceFilter(choices=ContentType.choices)


class Presets(ViewSet):
    """The presets that can be used now."""

    serializer_class = PresetSerializer
    queryset = Preset.objects.none()
    lookup_field = "slug"
    lookup_url_kwarg = "slug"
    keyset = ("sort_order", "slug")
    filter_backends = [DjangoFilterBackend]
    filterset_class = PresetFilter

    def get_queryset(self) -> Any:
        return Preset.objects.offered()

    @extend_schema(operation_id="list_presets", summary="What can be made")
    def list(self, request: Request) -> Response:
        """The presets, each with the settings it takes, their limits and their defaults."""
        return self.page_of(self.get_queryset())

    @extend_schema(operation_id="preset", summary="One preset")
    def retrieve(self, request: Request, slug: str) -> Response:
        """One preset, by its slug."""
        return Response(self.get_serializer(self.get_object()).data)


class JobFilter(FilterSet):
    status = ChoiceFilter(choices=Job.Status.choices)
    destination = ChoiceFilter(choices=Job.Destination.choices)
    batch_id = UUIDFilter()


class Jobs(ViewSet):
    """Jobs: one for each item."""

    serializer_class = JobSerializer
    queryset = Job.objects.none()
    filter_backends = [DjangoFilterBackend]
    filterset_class = JobFilter
    scopes = {"create": "generate"}

    def get_queryset(self) -> Any:
        return Job.objects.for_user(self.request.user)

    @extend_schema(operation_id="list_jobs", summary="My jobs")
    def list(self, request: Request) -> Response:
        """Your jobs, the newest first."""
        found = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        context = {**self.get_serializer_context(), "progress": _progress(found)}
        return self.get_paginated_response(JobSerializer(found, many=True, context=context).data)

    @extend_schema(
        operation_id="queue_job",
        summary="Make something",
        request=JobRequest,
        responses={200: BatchSerializer, 202: BatchSerializer},
        parameters=[KEY_HEADER, WAIT_HEADER],
    )
    def create(self, request: Request) -> Response:
        """Queue one job for each item. They are made in turn; follow them by the urls in the
        answer, or over the socket. With `Prefer: wait=N` the answer is 200 where all are finished
        in time.
        """
        return queued(request, services.queue_job(user=request.user, spec=_spec(request)))

    @extend_schema(
        operation_id="estimate_job",
        summary="What it would take",
        request=JobRequest,
        responses={200: EstimateSerializer},
    )
    def estimate(self, request: Request) -> Response:
        """Check a request as `POST /api/v1/jobs` does, and say what it would cost and when it would
        be ready. Nothing is queued.
        """
        found = estimates.estimate(user=request.user, spec=_spec(request))
        return Response(EstimateSerializer(found).data)

    @extend_schema(
        operation_id="job",
        summary="One job",
        responses=JobDetailSerializer,
        parameters=[WAIT_HEADER],
    )
    def retrieve(self, request: Request, id: uuid.UUID) -> Response:
        """One job, with all the states it has been in."""
        job = self.get_object()
        answer = Response(self._shown(job, JobDetailSerializer))
        return answer if job.is_finished else _may_wait(request, answer, request.path)

    @extend_schema(
        operation_id="edit_job",
        summary="Change a waiting job",
        request=JobChange,
        responses=JobSerializer,
    )
    def partial_update(self, request: Request, id: uuid.UUID) -> Response:
        """Change the prompt, settings or seed of a job that waits. One that runs or is finished is
        refused (409).
        """
        wanted = JobChange(data=request.data)
        wanted.is_valid(raise_exception=True)
        job = own_line.edit_job(user=request.user, job_id=id, **wanted.validated_data)
        return Response(self._shown(job))

    @extend_schema(
        operation_id="cancel_job",
        summary="Cancel a job",
        request=None,
        responses={200: CancelSerializer},
    )
    def cancel(self, request: Request, id: uuid.UUID) -> Response:
        """Stop a job: at once where it waits, at its next step where it runs. Repeating it is no
        error; `outcome` says which case it met.
        """
        outcome = services.cancel_job(user=request.user, job_id=id)
        return Response({"outcome": outcome, "job": self._shown(self.get_object())})

    def _shown(self, job: Job, serializer: type[JobSerializer] = JobSerializer) -> Any:
        context = {**self.get_serializer_context(), "progress": _progress([job])}
        if serializer is JobDetailSerializer and job.status == Job.Status.QUEUED:
            with as_service("place in the line"):
                context["expected"] = places.place_of(job)
        return serializer(job, context=context).data


class Batches(ViewSet):
    """Batches: the jobs of one request."""

    serializer_class = BatchSerializer
    queryset = Job.objects.none()
    pagination_class = None  # type: ignore[assignment]

    @extend_schema(operation_id="batch", summary="One batch", parameters=[WAIT_HEADER])
    def retrieve(self, request: Request, id: uuid.UUID) -> Response:
        """All jobs of one request, with how many are in each state."""
        jobs = list(Job.objects.for_user(request.user).filter(batch_id=id).order_by("batch_index"))
        if not jobs:
            raise Refused("not_found")
        answer = Response(_batch(request, jobs))
        finished = all(job.is_finished for job in jobs)
        return answer if finished else _may_wait(request, answer, request.path)

    @extend_schema(
        operation_id="cancel_batch",
        summary="Cancel a batch",
        request=None,
        responses={200: BatchCancelSerializer},
    )
    def cancel(self, request: Request, id: uuid.UUID) -> Response:
        """Stop all jobs of one request. Repeating it is no error; `outcomes` says, for each job,
        which case it met.
        """
        outcomes = services.cancel_batch(user=request.user, batch_id=id)
        return Response({"outcomes": {str(key): value for key, value in outcomes.items()}})


class EventStream(JSONRenderer):
    """Lets a client ask for events; a refusal still is a problem in JSON."""

    media_type = patience.STREAM_TYPE
    format = "events"


STEPS = OpenApiExample(
    "A step",
    value='event: progress\ndata: {"step": 4, "of": 10}\n\n',
    response_only=True,
    status_codes=["200"],
    media_type=patience.STREAM_TYPE,
)


class JobEvents(View):
    """A job's states and steps as server-sent events."""

    renderer_classes = [EventStream, JSONRenderer]

    @extend_schema(
        operation_id="job_events",
        summary="Follow a job",
        responses={(200, patience.STREAM_TYPE): OpenApiTypes.ANY},
        examples=[STEPS],
    )
    def get(self, request: Request, id: uuid.UUID) -> HttpResponse:
        """Server-sent events: `state` with the job as it is now and after each change, `progress`
        with `step` and `of` between them. The stream ends when the job is finished.
        """
        job = Job.objects.for_user(request.user).filter(pk=id).first()
        if job is None:
            raise Refused("not_found")
        context = {"request": request, "progress": _progress([job])}
        shown = JSONRenderer().render(JobSerializer(job, context=context).data)
        body = b"event: state\ndata: " + shown + b"\n\n"
        answer = HttpResponse(body, content_type=patience.STREAM_TYPE)
        answer["Cache-Control"] = "no-cache"
        answer["X-Accel-Buffering"] = "no"
        if job.is_finished:
            return answer
        group = feed.group_of(str(request.user.pk))
        patience.not_yet(answer, group=group, path=request.path, job=job.pk)
        return answer


def queued(request: Request, jobs: list[Job]) -> Response:
    """Answer 202 with a batch that was queued: its jobs, its placeholders, and where to go on."""
    shown = _batch(request, jobs)
    answer = Response(shown, status=202, headers={"Location": shown["urls"]["status"]})
    return _may_wait(request, answer, reverse("api_batch", args=[jobs[0].batch_id]))


def _batch(request: Request, jobs: list[Job]) -> dict[str, Any]:
    context = {"request": request, "progress": _progress(jobs)}
    shown = JobSerializer(jobs, many=True, context=context).data
    # By the relation's name: the items belong to an app that this one does not know.
    rows = Job.objects.filter(pk__in=[job.pk for job in jobs]).order_by("batch_index")
    items = rows.exclude(items=None).values_list("items", flat=True)
    counts = Counter(job.status for job in jobs)
    first = {key: shown[0][key] for key in ("id", "batch_id", "urls")}
    in_each = {state: counts[state] for state in Job.Status.values}
    return {**first, "items": list(items), "counts": in_each, "jobs": shown}


def _may_wait(request: Request, answer: Response, path: str) -> Response:
    """Let a client that prefers to wait do so: see ourvidz.patience."""
    if patience.wanted_seconds(request.headers.get("Prefer", "")):
        group = feed.group_of(str(request.user.pk))
        patience.not_yet(answer, group=group, path=path)
    return answer


def _spec(request: Request) -> JobSpec:
    wanted = JobRequest(data=request.data)
    wanted.is_valid(raise_exception=True)
    header = serializers.CharField(max_length=128, allow_blank=True)
    try:
        key = header.run_validation(request.headers.get("Idempotency-Key", ""))
    except serializers.ValidationError as error:
        raise serializers.ValidationError({"Idempotency-Key": error.detail}) from error
    asked = dict(wanted.validated_data)
    named = tuple(ReferenceSpec(**one) for one in asked.pop("references"))
    return JobSpec(**asked, references=named, idempotency_key=key)


def _progress(jobs: list[Job]) -> dict[str, dict[str, Any]]:
    return live.progress(job.pk for job in jobs if job.status == Job.Status.RUNNING)
