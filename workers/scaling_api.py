"""The operators' API of pools: what they are and how many machines each wants now, which is what an
autoscaler such as KEDA asks. Not for changing them: that is done in the admin.
"""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.permissions import IsAdminUser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import TokenHasScope
from ourvidz import rows
from ourvidz.api import ViewSet
from workers.models import WorkerPool
from workers.scaling import rounds

POOL = {
    "id": "01932f4c-6e5a-7c1e-9d53-0f2b5f0fb101",
    "name": "rented",
    "provider": "runpod",
    "is_enabled": True,
    "queues": ["gpu.image"],
    "minimum": 0,
    "maximum": 8,
    "wanted": 3,
    "note": "As much as there is work.",
    "created_at": "2026-11-20T08:00:00Z",
}
WANTED = {"pool": "rented", "wanted": 3, "reason": "work"}


@extend_schema_serializer(examples=[OpenApiExample("A pool", value=POOL, response_only=True)])
class PoolSerializer(serializers.ModelSerializer[WorkerPool]):
    """A pool as operators see it."""

    class Meta:
        model = WorkerPool
        fields = list(POOL)
        read_only_fields = fields


@extend_schema_serializer(examples=[OpenApiExample("Three", value=WANTED, response_only=True)])
class WantedSerializer(serializers.Serializer):
    """How many machines a pool wants, and why: work, minimum, maximum or budget."""

    pool = serializers.CharField()
    wanted = serializers.IntegerField()
    reason = serializers.ChoiceField(sorted(rounds.REASONS))


class Pools(ViewSet):
    """Pools of machines, for operators and their autoscalers."""

    serializer_class = PoolSerializer
    queryset = WorkerPool.objects.none()
    permission_classes = [IsAdminUser, TokenHasScope]
    keyset = ("name",)

    @extend_schema(operation_id="list_pools", summary="All pools")
    def list(self, request: Request) -> Response:
        """Every pool, by name."""
        with rows.as_service("staff: pools"):
            return self.page_of(WorkerPool.objects.all())

    @extend_schema(
        operation_id="pool_wanted", summary="Machines wanted now", responses=WantedSerializer
    )
    def wanted(self, request: Request, name: str) -> Response:
        """How many machines the pool wants by what waits and arrives right now."""
        with rows.as_service("staff: pools"):
            pool: Any = WorkerPool.objects.filter(name=name).first()
            if pool is None:
                raise Http404
            decision = rounds.decided(pool, timezone.now())
        return Response({"pool": name, "wanted": decision.wanted, "reason": decision.reason})
