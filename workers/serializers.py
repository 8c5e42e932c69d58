"""The worker protocol's bodies, with their limits. Not for what is done with them: see api.py."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from rest_framework import serializers

from ourvidz.storage import MIME_TYPES
from workers.models import WorkerUrl

PREVIEW_BYTES = 8 * 1024
LONGEST_NAME, MOST_NAMES, MOST_LORAS = 64, 64, 200
LARGEST_SIDE = 16384
# Of an error's parameters: enough for a name and a sentence.
LONGEST_PARAM, MOST_PARAMS = 300, 8
MOST_AT_ONCE = 64  # jobs
# Compiled here: a field copies its text for every request, and compiles it anew.
SHA256, BASE64 = re.compile(r"^[0-9a-f]{64}$"), re.compile(r"^[A-Za-z0-9+/=]*$")


def _names(**options: object) -> serializers.ListField:
    name = serializers.CharField(max_length=LONGEST_NAME)
    return serializers.ListField(child=name, max_length=MOST_NAMES, **options)  # type: ignore[arg-type]


class EnrolSerializer(serializers.Serializer):
    """A machine that has only its pool's token."""

    name = serializers.CharField(max_length=LONGEST_NAME)


class RegisterSerializer(serializers.Serializer):
    """A worker that has just started."""

    kind = serializers.ChoiceField(WorkerUrl.Kind.choices, default=WorkerUrl.Kind.GPU)
    queues = _names(default=list)
    presets = _names(default=list)
    # Models on its disk: hub ids or folders. What it has, and what it names, can be offered.
    models = serializers.ListField(
        child=serializers.CharField(max_length=200),
        max_length=MOST_NAMES,
        default=list,
        source="sources",
    )
    # LoRAs in its operator's folder, as requests name them.
    loras = serializers.ListField(
        child=serializers.CharField(max_length=300), max_length=MOST_LORAS, default=list
    )
    device = serializers.CharField(max_length=120, default="", allow_blank=True)
    memory_bytes = serializers.IntegerField(min_value=0, max_value=2**50, default=None)
    version = serializers.CharField(max_length=32, default="", allow_blank=True)
    url = serializers.URLField(max_length=200, default="", allow_blank=True)


class HeartbeatSerializer(serializers.Serializer):
    """A sign of life."""

    status = serializers.ChoiceField(["idle", "busy", "stopping"])
    loaded_preset = serializers.CharField(max_length=LONGEST_NAME, default="", allow_blank=True)
    current_job_id = serializers.UUIDField(allow_null=True, default=None)
    # All jobs in hand: one may be on its way to storage while the next is made.
    job_ids = serializers.ListField(
        child=serializers.UUIDField(), max_length=MOST_NAMES, default=list
    )


class ClaimSerializer(serializers.Serializer):
    """What a worker would take; empty `presets` means any."""

    queues = _names(allow_empty=False)
    presets = _names(default=list)
    loaded_preset = serializers.CharField(max_length=LONGEST_NAME, default="", allow_blank=True)
    max_jobs = serializers.IntegerField(min_value=1, max_value=MOST_AT_ONCE, default=1)


class AttemptSerializer(serializers.Serializer):
    """Which attempt of which job a body is about."""

    job_id = serializers.UUIDField()
    attempt = serializers.IntegerField(min_value=1, max_value=1000)


class ProgressSerializer(AttemptSerializer):
    """One denoising step; the preview is base64 of a WebP."""

    step = serializers.IntegerField(min_value=0, max_value=10_000)
    of = serializers.IntegerField(min_value=1, max_value=10_000)
    preview = serializers.CharField(max_length=PREVIEW_BYTES * 4 // 3 + 4, default="")

    def validate_preview(self, text: str) -> str:
        """Nothing but a small WebP reaches a page, whatever a worker sends."""
        try:
            data = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as error:
            raise serializers.ValidationError("base64", code="invalid") from error
        webp = data[:4] == b"RIFF" and data[8:12] == b"WEBP"
        if text and (not webp or len(data) > PREVIEW_BYTES):
            raise serializers.ValidationError("webp", code="invalid")
        return text


class OutputSerializer(serializers.Serializer):
    """The file that a worker has uploaded. Sizes in bytes and pixels, duration in seconds."""

    bytes = serializers.IntegerField(min_value=1)
    sha256 = serializers.RegexField(SHA256)
    mime_type = serializers.ChoiceField(sorted(MIME_TYPES.values()))
    width = serializers.IntegerField(min_value=1, max_value=LARGEST_SIDE)
    height = serializers.IntegerField(min_value=1, max_value=LARGEST_SIDE)
    duration = serializers.FloatField(min_value=0, default=None, allow_null=True)
    duration_seconds = serializers.FloatField(min_value=0, required=False, allow_null=True)
    fps = serializers.FloatField(min_value=0, max_value=1000, default=None, allow_null=True)
    frames = serializers.IntegerField(min_value=1, max_value=100_000, default=None, allow_null=True)
    seed = serializers.IntegerField(min_value=0, required=False)
    thumbhash = serializers.RegexField(BASE64, max_length=64, default="", allow_blank=True)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """One name for the duration, whichever the worker knows."""
        given = data.pop("duration_seconds", None)
        return data if given is None else data | {"duration": given}


class ErrorSerializer(serializers.Serializer):
    """Why there is no file: the code of a sentence and what fills it."""

    code = serializers.SlugField(max_length=64)
    params = serializers.DictField(
        child=serializers.CharField(max_length=LONGEST_PARAM, allow_blank=True), default=dict
    )
    retryable = serializers.BooleanField(default=False)

    def validate_params(self, params: dict[str, str]) -> dict[str, str]:
        if len(params) > MOST_PARAMS:
            raise serializers.ValidationError("too many", code="max_length")
        return params


class ReportSerializer(AttemptSerializer):
    """How an attempt ended."""

    status = serializers.ChoiceField(["succeeded", "failed", "canceled"])
    output = OutputSerializer(required=False)
    error = ErrorSerializer(required=False)
    timings = serializers.DictField(child=serializers.FloatField(min_value=0), default=dict)

    def validate(self, data: dict[str, object]) -> dict[str, object]:
        needed = {"succeeded": "output", "failed": "error"}.get(str(data["status"]))
        if needed and needed not in data:
            raise serializers.ValidationError({needed: ["required"]}, code="required")
        return data


class CallbackSerializer(ReportSerializer):
    """How an attempt ended, or several."""

    also = serializers.ListField(child=ReportSerializer(), max_length=MOST_AT_ONCE, required=False)
    # Of a worker that is free: the answer brings what this claim would.
    claim = ClaimSerializer(required=False)
