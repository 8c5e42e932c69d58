"""How sessions and items look in the API. Not for checking values: services do."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from jobs.models import Job
from jobs.serializers import (
    BATCH_ID,
    ITEM_ID,
    JOB_ID,
    SESSION_ID,
    FailureSerializer,
    ReferenceShown,
    failure_of,
)
from library.serializers import MediaSerializer
from ourvidz.serializers import FILE, StoredFileSerializer
from workspace.models import SESSION_NAME, WorkspaceItem, WorkspaceSession

SESSION = {
    "id": SESSION_ID,
    "session_name": "Castles",
    "is_active": True,
    "created_at": "2026-11-24T20:10:00Z",
    "updated_at": "2026-11-24T20:15:00Z",
    "expires_at": "2026-12-01T20:15:00Z",
}
ITEM: dict[str, Any] = {
    "id": ITEM_ID,
    "session_id": SESSION_ID,
    "status": "generated",
    "job_id": JOB_ID,
    "job_status": "succeeded",
    "batch_id": BATCH_ID,
    "batch_index": 0,
    "content_type": "image",
    "prompt": "a castle in the snow at sunset",
    "enhanced_prompt": None,
    "negative_prompt": "",
    "preset": "starter-fast",
    "quality": "fast",
    "parameters": {"width": 256, "height": 256, "steps": 10, "guidance": 3.0},
    "seed": 7,
    **FILE,
    "media_id": None,
    "references": [],
    "parent_id": None,
    "parent_media_id": None,
    "relation": "",
    "failure": None,
    "created_at": "2026-11-24T20:15:00Z",
    "updated_at": "2026-11-24T20:15:09Z",
    "expires_at": "2026-12-01T20:15:09Z",
}


@extend_schema_serializer(examples=[OpenApiExample("A session", value=SESSION, response_only=True)])
class SessionSerializer(serializers.ModelSerializer[WorkspaceSession]):
    """A temporary room for items."""

    class Meta:
        model = WorkspaceSession
        fields = list(SESSION)
        read_only_fields = fields


@extend_schema_serializer(
    examples=[OpenApiExample("A name", value={"session_name": "Castles"}, request_only=True)]
)
class SessionRequest(serializers.Serializer[Any]):
    """A new session."""

    session_name = serializers.CharField(
        required=False, allow_blank=True, max_length=120, default=SESSION_NAME
    )


@extend_schema_serializer(
    examples=[OpenApiExample("Switch to it", value={"is_active": True}, request_only=True)]
)
class SessionChange(serializers.Serializer[Any]):
    """What to change of a session; what is left out stays."""

    session_name = serializers.CharField(required=False, max_length=120)
    is_active = serializers.BooleanField(
        required=False,
        help_text="true switches to it. One session is active, so false does nothing.",
    )


@extend_schema_serializer(
    examples=[OpenApiExample("Cleared", value={"cleared": True}, response_only=True)]
)
class ClearedSerializer(serializers.Serializer[Any]):
    """What the seed's function answers."""

    cleared = serializers.BooleanField()


@extend_schema_serializer(
    examples=[OpenApiExample("Restored", value={"restored": 4}, response_only=True)]
)
class RestoredSerializer(serializers.Serializer[Any]):
    """How many items are there again."""

    restored = serializers.IntegerField()


@extend_schema_serializer(
    examples=[OpenApiExample("Some", value={"items": [ITEM_ID]}, request_only=True)]
)
class RestoreRequest(serializers.Serializer[Any]):
    """Which items to bring back."""

    items = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        allow_empty=False,
        max_length=1000,
        help_text="Without it, all that is in the bin.",
    )


@extend_schema_serializer(examples=[OpenApiExample("An item", value=ITEM, response_only=True)])
class ItemSerializer(StoredFileSerializer):
    """A picture or a video in a session: being made, made, failed or saved."""

    session_id = serializers.UUIDField()
    job_id = serializers.UUIDField(allow_null=True)
    job_status = serializers.ChoiceField(
        Job.Status.choices, source="job.status", default=None, allow_null=True
    )
    media_id = serializers.UUIDField(allow_null=True, help_text="Where it is kept, once saved.")
    references = ReferenceShown(
        many=True, source="job.references", default=list, help_text="What it was made from."
    )
    parent_id = serializers.UUIDField(allow_null=True, help_text="The item it was made from.")
    parent_media_id = serializers.UUIDField(
        allow_null=True, help_text="The media it was made from."
    )
    preset = serializers.CharField(source="model_type", allow_null=True)
    parameters = serializers.DictField(child=serializers.JSONField(), source="generation_params")
    failure = serializers.SerializerMethodField()

    class Meta:
        model = WorkspaceItem
        fields = list(ITEM)
        read_only_fields = fields

    @extend_schema_field(FailureSerializer(allow_null=True))
    def get_failure(self, item: WorkspaceItem) -> dict[str, str] | None:
        return failure_of(item)


@extend_schema_serializer(
    examples=[OpenApiExample("The same seed again", value={"keep_seed": True}, request_only=True)]
)
class RegenerateRequest(serializers.Serializer[Any]):
    """How to make it again."""

    keep_seed = serializers.BooleanField(required=False, default=False)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Into a project",
            value={"project_id": "01932f4c-6e5a-7c1e-9d53-0f2b5f0f9f01"},
            request_only=True,
        )
    ]
)
class SaveRequest(serializers.Serializer[Any]):
    """Where to keep it."""

    project_id = serializers.UUIDField(required=False, allow_null=True, default=None)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "An item in the workspace",
            value={"status": "succeeded", "item": ITEM, "media": None},
            response_only=True,
        )
    ]
)
class ResultSerializer(serializers.Serializer[Any]):
    """What a job made: an item, media, or both where the item was saved."""

    status = serializers.ChoiceField(Job.Status.choices)
    item = ItemSerializer(allow_null=True)
    media = MediaSerializer(allow_null=True)
