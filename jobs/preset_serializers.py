"""How presets look in the API. Not for jobs: see serializers.py."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from jobs.models import Capability, Preset

PARAMETER = {
    "name": "width",
    "type": "integer",
    "label": "Width",
    "help": "In pixels.",
    "group": "size",
    "default": 256,
    "min": 64,
    "max": 320,
    "step": 16,
}
PRESET = {
    "slug": "starter-fast",
    "name": "Starter",
    "content_type": "image",
    "quality": "fast",
    "family": "sdxl",
    "revision": "",
    "licence": "MIT",
    "licence_url": "",
    "commercial": True,
    "capabilities": ["text_to_image", "image_to_image", "variation"],
    "max_references": 1,
    "expected_seconds": 1.0,
    "parameters": [PARAMETER],
}


class ParameterSerializer(serializers.Serializer[Any]):
    """One setting that a preset offers: enough to draw a form field from."""

    name = serializers.CharField()
    type = serializers.ChoiceField(["integer", "number", "text", "choice", "boolean", "loras"])
    label = serializers.CharField(required=False)  # type: ignore[assignment]
    help = serializers.CharField(required=False, allow_blank=True)
    group = serializers.CharField(required=False, allow_blank=True)
    default = serializers.JSONField()
    min = serializers.FloatField(required=False)
    max = serializers.FloatField(required=False)
    step = serializers.FloatField(required=False)
    choices = serializers.ListField(child=serializers.JSONField(), required=False)


@extend_schema_serializer(examples=[OpenApiExample("A preset", value=PRESET, response_only=True)])
class PresetSerializer(serializers.ModelSerializer[Preset]):
    """One way to make a picture or a video, with the settings it takes."""

    licence_url = serializers.CharField(help_text="Empty where the licence is this program's own.")
    parameters = ParameterSerializer(many=True)
    capabilities = serializers.ListField(
        child=serializers.ChoiceField(Capability.choices), help_text="What it can do."
    )
    expected_seconds = serializers.FloatField(
        source="typical_seconds", help_text="Of a job with its defaults, as measured lately."
    )
    max_references = serializers.IntegerField(
        help_text="How many pictures it takes to start from; a mask or a video is not counted."
    )

    class Meta:
        model = Preset
        fields = list(PRESET)
        read_only_fields = fields
