"""The operators' API of workers: who they are, how they are, and switching them off and on. Not for
the workers' own protocol: see api.py.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.http import Http404
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.permissions import IsAdminUser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import TokenHasScope
from jobs.models import Job
from ourvidz import rows
from ourvidz.api import ViewSet
from workers import history, services
from workers.models import WorkerEvent, WorkerUrl

WORKER = {
    "id": "01932f4c-6e5a-7c1e-9d53-0f2b5f0fb001",
    "name": "gpu-1",
    "kind": "gpu",
    "url": "",
    "status": "active",
    "queues": ["gpu.image"],
    "presets": ["starter-fast"],
    "sources": [],
    "loras": ["styles/ink.safetensors"],
    "device": "cuda:0 NVIDIA RTX 6000 Ada",
    "memory_bytes": 51527024640,
    "version": "0.1.0",
    "loaded_preset": "starter-fast",
    "current_job_id": None,
    "last_heartbeat_at": "2026-11-24T20:15:00Z",
    "quarantined_until": None,
    "created_at": "2026-11-20T08:00:00Z",
}


@extend_schema_serializer(examples=[OpenApiExample("A worker", value=WORKER, response_only=True)])
class WorkerSerializer(serializers.ModelSerializer[WorkerUrl]):
    """A worker as operators see it; its token is kept as a digest only and never shown."""

    class Meta:
        model = WorkerUrl
        fields = list(WORKER)
        read_only_fields = fields


class SpeedSerializer(serializers.Serializer):
    """The last 24 hours. `seconds`: the median from claim to end."""

    made = serializers.IntegerField()
    failed = serializers.IntegerField()
    seconds = serializers.FloatField(allow_null=True)


class StateSerializer(serializers.ModelSerializer[WorkerEvent]):
    """A state that a worker took. `reason` is a code."""

    at = serializers.DateTimeField(source="created_at")

    class Meta:
        model = WorkerEvent
        fields = ["at", "status", "reason"]
        read_only_fields = fields


class TakenSerializer(serializers.ModelSerializer[Job]):
    """A job that a worker took; not whose it is, nor what it shows."""

    preset = serializers.CharField(source="preset_slug")

    class Meta:
        model = Job
        fields = ["id", "preset", "status", "attempt", "started_at", "finished_at", "failure_code"]
        read_only_fields = fields


HISTORY = {
    "speed": {"made": 812, "failed": 1, "seconds": 3.4},
    "states": [{"at": "2026-11-24T20:15:00Z", "status": "active", "reason": "registered"}],
    "jobs": [
        {
            "id": "01932f4c-6e5a-7c1e-9d53-0f2b5f0f9b01",
            "preset": "starter-fast",
            "status": "succeeded",
            "attempt": 1,
            "started_at": "2026-11-24T20:15:01Z",
            "finished_at": "2026-11-24T20:15:04Z",
            "failure_code": "",
        }
    ],
}


@extend_schema_serializer(examples=[OpenApiExample("A day", value=HISTORY, response_only=True)])
class HistorySerializer(serializers.Serializer):
    """What became of a worker."""

    speed = SpeedSerializer()
    states = StateSerializer(many=True)
    jobs = TakenSerializer(many=True)


class Workers(ViewSet):
    """Workers, for operators."""

    serializer_class = WorkerSerializer
    queryset = WorkerUrl.objects.none()
    permission_classes = [IsAdminUser, TokenHasScope]
    keyset = ("name",)

    @extend_schema(operation_id="list_workers", summary="All workers")
    def list(self, request: Request) -> Response:
        """Every worker that was ever made known, by name."""
        with rows.as_service("staff: workers"):
            return self.page_of(WorkerUrl.objects.all())

    @extend_schema(operation_id="worker", summary="One worker")
    def retrieve(self, request: Request, id: uuid.UUID) -> Response:
        """One worker."""
        return self._answer(id)

    @extend_schema(operation_id="disable_worker", summary="Switch it off", request=None)
    def disable(self, request: Request, id: uuid.UUID) -> Response:
        """Let a worker do nothing more. Its job is taken back when its lease ends."""
        return self._set(id, WorkerUrl.Status.DISABLED)

    @extend_schema(operation_id="drain_worker", summary="Let it finish", request=None)
    def drain(self, request: Request, id: uuid.UUID) -> Response:
        """Let a worker finish the job in hand and take no other."""
        return self._set(id, WorkerUrl.Status.DRAINING)

    @extend_schema(
        operation_id="worker_history", summary="What it did", responses=HistorySerializer
    )
    def history(self, request: Request, id: uuid.UUID) -> Response:
        """The states that a worker was in for the last month, the jobs that it has lately taken
        and how fast it was, the newest first.
        """
        with rows.as_service("staff: workers"):
            if not WorkerUrl.objects.filter(pk=id).exists():
                raise Http404
            found = {
                "speed": history.speeds([id]).get(id, history.Speed()),
                "states": history.events(id),
                "jobs": history.recent_jobs(id),
            }
        return Response(HistorySerializer(found).data)

    @extend_schema(operation_id="enable_worker", summary="Switch it on", request=None)
    def enable(self, request: Request, id: uuid.UUID) -> Response:
        """Let a worker that was switched off take jobs again."""
        return self._set(id, WorkerUrl.Status.ACTIVE)

    def _set(self, worker_id: uuid.UUID, status: str) -> Response:
        with rows.as_service("staff: workers"):
            services.set_worker_status(worker_id=worker_id, status=status)
        return self._answer(worker_id)

    def _answer(self, worker_id: uuid.UUID) -> Response:
        with rows.as_service("staff: workers"):
            worker: Any = WorkerUrl.objects.filter(pk=worker_id).first()
        if worker is None:
            raise Http404
        return Response(self.get_serializer(worker).data)
