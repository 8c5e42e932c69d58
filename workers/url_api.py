"""The seed's operations on `worker_urls`, by its names: update-worker-url, get-active-worker-url,
health-check-workers, register-chat-worker. For operators and their programs. Not for GPU workers
themselves, which register by their own protocol.
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.permissions import IsAdminUser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import TokenHasScope
from ourvidz import rows
from ourvidz.api import View
from workers import chat, services
from workers.models import WorkerUrl
from workers.staff_api import WorkerSerializer

CHAT = {"name": "ollama", "url": "http://10.0.0.7:11434/v1", "models": ["qwen3:8b"]}
REASON = "staff: worker urls"


@extend_schema_serializer(examples=[OpenApiExample("Ollama", value=CHAT, request_only=True)])
class ChatWorkerRequest(serializers.Serializer):
    """A server of language models; `url` is its OpenAI base url. Without `models` it is asked."""

    name = serializers.CharField(max_length=80)
    url = serializers.CharField(max_length=200)
    models = serializers.ListField(
        child=serializers.CharField(max_length=64), max_length=64, required=False, default=list
    )


@extend_schema_serializer(
    examples=[
        OpenApiExample("Moved", value={"name": "ollama", "url": CHAT["url"]}, request_only=True)
    ]
)
class UrlRequest(serializers.Serializer):
    """A worker's new address; empty for one that has none."""

    name = serializers.CharField(max_length=80)
    url = serializers.CharField(max_length=200, allow_blank=True)


class WantedRequest(serializers.Serializer):
    """What a worker is wanted for. `preset`: a preset's slug, or a chat model's name."""

    kind = serializers.ChoiceField(WorkerUrl.Kind.choices, default=WorkerUrl.Kind.CHAT)
    preset = serializers.CharField(max_length=64, required=False, default="", allow_blank=True)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Two heard, one not",
            value={"active": 2, "draining": 0, "unhealthy": 1, "quarantined": 0, "gone": 0},
            response_only=True,
        )
    ]
)
class HealthSerializer(serializers.Serializer):
    """How many workers are in each state."""

    active = serializers.IntegerField()
    draining = serializers.IntegerField()
    unhealthy = serializers.IntegerField()
    quarantined = serializers.IntegerField()
    gone = serializers.IntegerField()


class Operation(View):
    """One of the seed's operations."""

    permission_classes = [IsAdminUser, TokenHasScope]


class RegisterChatWorker(Operation):
    @extend_schema(
        operation_id="register_chat_worker",
        summary="Register a chat worker",
        request=ChatWorkerRequest,
        responses=WorkerSerializer,
    )
    def post(self, request: Request) -> Response:
        """Make a server of language models known, or change the one of that name. It counts as
        active once it has answered a health check.
        """
        wanted = _checked(ChatWorkerRequest, request.data)
        with rows.as_service(REASON):
            worker = chat.register_chat_worker(**wanted)
        return Response(WorkerSerializer(worker).data)


class UpdateWorkerUrl(Operation):
    @extend_schema(
        operation_id="update_worker_url",
        summary="Change a worker's address",
        request=UrlRequest,
        responses=WorkerSerializer,
    )
    def post(self, request: Request) -> Response:
        """Write down where a worker is found now."""
        wanted = _checked(UrlRequest, request.data)
        with rows.as_service(REASON):
            worker = chat.update_worker_url(**wanted)
        return Response(WorkerSerializer(worker).data)


class ActiveWorkerUrl(Operation):
    may_find_nothing = True

    @extend_schema(
        operation_id="get_active_worker_url",
        summary="Which worker to turn to",
        parameters=[WantedRequest],
        responses=WorkerSerializer,
    )
    def get(self, request: Request) -> Response:
        """The active worker that can do it, best with the model loaded, then the least loaded; 404
        where there is none.
        """
        wanted = _checked(WantedRequest, request.query_params)
        with rows.as_service(REASON):
            worker = chat.active_worker(**wanted)
        return Response(WorkerSerializer(worker).data)


class HealthCheck(Operation):
    @extend_schema(
        operation_id="health_check_workers",
        summary="Look after all workers",
        request=None,
        responses=HealthSerializer,
    )
    def post(self, request: Request) -> Response:
        """Ask chat workers over HTTP, and mark workers whose heartbeats did not come. It happens
        by itself every few seconds.
        """
        chat.check_all()
        with rows.as_service(REASON):
            services.sweep_worker_health()
            states = list(WorkerUrl.objects.values_list("status", flat=True))
        known = map(str, HealthSerializer().fields)
        return Response({name: states.count(name) for name in known})


def _checked(serializer: type[serializers.Serializer[Any]], data: Any) -> dict[str, Any]:
    wanted = serializer(data=data)
    wanted.is_valid(raise_exception=True)
    return dict(wanted.validated_data)
