"""What people do with their waiting jobs, and their limits, in the API. Not for checking values:
services do.
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from jobs.serializers import ITEM_ID, JOB, JobSerializer


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Other words and fewer steps",
            value={"prompt": "a castle in summer", "parameters": {"steps": 8}},
            request_only=True,
        )
    ]
)
class JobChange(serializers.Serializer[Any]):
    """What to change of a waiting job; what is left out stays."""

    prompt = serializers.CharField(required=False, allow_blank=True, trim_whitespace=False)
    parameters = serializers.DictField(child=serializers.JSONField(), required=False)
    seed = serializers.IntegerField(required=False)


@extend_schema_serializer(
    examples=[OpenApiExample("Before another one", value={"before": ITEM_ID}, request_only=True)]
)
class MoveRequest(serializers.Serializer[Any]):
    """Before which of your waiting jobs; behind all of them if left out."""

    before = serializers.UUIDField(required=False, allow_null=True, default=None)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Two wait",
            value={"jobs": [{**JOB, "status": "queued", "attempt": 0, "progress": None}]},
            response_only=True,
        )
    ]
)
class LineSerializer(serializers.Serializer[Any]):
    """Your waiting jobs in the order in which they will be made."""

    jobs = JobSerializer(many=True)


@extend_schema_serializer(
    examples=[OpenApiExample("One was changed", value={"changed": 1}, response_only=True)]
)
class ChangedSerializer(serializers.Serializer[Any]):
    """How many jobs it changed."""

    changed = serializers.IntegerField()


@extend_schema_serializer(
    examples=[OpenApiExample("To the front", value={"priority": 10}, request_only=True)]
)
class PriorityRequest(serializers.Serializer[Any]):
    """For operators: higher ones go first; 0 is everybody's."""

    priority = serializers.IntegerField()


class AmountsSerializer(serializers.Serializer[Any]):
    """Jobs that are not finished, jobs at the same time, and GPU seconds within 24 hours."""

    waiting = serializers.IntegerField()
    running = serializers.IntegerField()
    gpu_seconds = serializers.FloatField()


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Three of a thousand",
            value={
                "limits": {"waiting": 1000, "running": 2, "gpu_seconds": 3600},
                "used": {"waiting": 3, "running": 1, "gpu_seconds": 41.5},
            },
            response_only=True,
        )
    ]
)
class LimitsSerializer(serializers.Serializer[Any]):
    """How much you may have, 0 for any, and how much of it is used."""

    limits = AmountsSerializer()
    used = AmountsSerializer()
