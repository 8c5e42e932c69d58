"""The API of what people do with their waiting jobs: order, pause, change; and of their limits. Not
for queueing or canceling: see api.py.
"""

from __future__ import annotations

import uuid
from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import IsAdminUser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import TokenHasScope
from jobs import limits, own_line
from jobs.line_serializers import (
    ChangedSerializer,
    LimitsSerializer,
    LineSerializer,
    MoveRequest,
    PriorityRequest,
)
from jobs.models import Job
from jobs.serializers import JobSerializer
from ourvidz.api import View, ViewSet
from ourvidz.rows import as_service


class OwnLine(ViewSet):
    """Your waiting jobs."""

    serializer_class = JobSerializer
    queryset = Job.objects.none()
    pagination_class = None  # type: ignore[assignment]

    @extend_schema(
        operation_id="move_job",
        summary="Move a waiting job",
        request=MoveRequest,
        responses=LineSerializer,
    )
    def move(self, request: Request, id: uuid.UUID) -> Response:
        """Put a waiting job before another one of yours, or last. Other people's places stay."""
        wanted = MoveRequest(data=request.data)
        wanted.is_valid(raise_exception=True)
        line = own_line.move_job(user=request.user, job_id=id, **wanted.validated_data)
        shown = JobSerializer(line, many=True, context={"request": request}).data
        return Response({"jobs": shown})

    @extend_schema(
        operation_id="pause_job", summary="Pause a job", request=None, responses=ChangedSerializer
    )
    def pause(self, request: Request, id: uuid.UUID) -> Response:
        """Let a waiting job wait until it is resumed. Repeating it is no error."""
        return self._changed(own_line.pause_jobs(user=request.user, job_ids=[self._own(id)]))

    @extend_schema(
        operation_id="resume_job", summary="Resume a job", request=None, responses=ChangedSerializer
    )
    def resume(self, request: Request, id: uuid.UUID) -> Response:
        """Let a paused job go on. Repeating it is no error."""
        return self._changed(own_line.resume_jobs(user=request.user, job_ids=[self._own(id)]))

    @extend_schema(
        operation_id="pause_batch",
        summary="Pause a batch",
        request=None,
        responses=ChangedSerializer,
    )
    def pause_batch(self, request: Request, id: uuid.UUID) -> Response:
        """Let what waits of a batch wait until it is resumed."""
        ids = own_line.jobs_of_batch(user=request.user, batch_id=id)
        return self._changed(own_line.pause_jobs(user=request.user, job_ids=ids))

    @extend_schema(
        operation_id="resume_batch",
        summary="Resume a batch",
        request=None,
        responses=ChangedSerializer,
    )
    def resume_batch(self, request: Request, id: uuid.UUID) -> Response:
        """Let what is paused of a batch go on."""
        ids = own_line.jobs_of_batch(user=request.user, batch_id=id)
        return self._changed(own_line.resume_jobs(user=request.user, job_ids=ids))

    def get_queryset(self) -> Any:
        return Job.objects.for_user(self.request.user)

    def _own(self, id: uuid.UUID) -> uuid.UUID:
        return self.get_object().pk

    def _changed(self, count: int) -> Response:
        return Response({"changed": count})


class Priority(View):
    """A job's priority, for operators."""

    permission_classes = [IsAdminUser, TokenHasScope]

    @extend_schema(
        operation_id="prioritise_job",
        summary="Put a job before others",
        request=PriorityRequest,
        responses={204: None},
    )
    def put(self, request: Request, id: uuid.UUID) -> Response:
        """Give anybody's waiting job a priority. Whoever waits long still takes turns with it."""
        wanted = PriorityRequest(data=request.data)
        wanted.is_valid(raise_exception=True)
        with as_service("staff: priority"):
            own_line.prioritise_job(job_id=id, **wanted.validated_data)
        return Response(status=204)


class MyLimits(View):
    """How much the person who asks may have."""

    @extend_schema(operation_id="my_limits", summary="My limits", responses=LimitsSerializer)
    def get(self, request: Request) -> Response:
        """Your limits, and how much of them is used."""
        user = request.user
        return Response(
            {"limits": asdict(limits.limits_of(user)), "used": asdict(limits.use_of(user))}
        )
