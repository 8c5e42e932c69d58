"""How media, projects and references look in the API. Not for checking values: services do."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import (
    OpenApiExample,
    extend_schema_field,
    extend_schema_serializer,
)
from rest_framework import serializers

from library.models import Media, Project, Reference
from ourvidz.serializers import FILE, StoredFileSerializer

MEDIA_ID = "01932f4c-6e5a-7c1e-9d53-0f2b5f0f9e01"
PROJECT_ID = "01932f4c-6e5a-7c1e-9d53-0f2b5f0f9f01"
MOVING = ("duration", "fps", "frames", "preview_url")
MEDIA = {
    "id": MEDIA_ID,
    "content_type": "image",
    "title": "The castle",
    "prompt": "a castle in the snow at sunset",
    "enhanced_prompt": None,
    "negative_prompt": "",
    "preset": "starter-fast",
    "quality": "fast",
    "parameters": {"width": 256, "height": 256, "steps": 10, "guidance": 3.0},
    "seed": 7,
    **FILE,
    "project_id": PROJECT_ID,
    "job_id": "01932f4c-6e5a-7c1e-9d53-0f2b5f0f9b01",
    "item_id": "01932f4c-6e5a-7c1e-9d53-0f2b5f0f9d01",
    "parent_id": None,
    "relation": "",
    "has_reference": False,
    "tags": ["print"],
    "starred_at": None,
    "deleted_at": None,
    "created_at": "2026-11-24T20:15:09Z",
    "updated_at": "2026-11-24T20:15:09Z",
}
PROJECT = {
    "id": PROJECT_ID,
    "name": "Winter",
    "description": "Castles, mostly.",
    "cover_id": MEDIA_ID,
    "parent_id": None,
    "created_at": "2026-11-24T20:15:00Z",
    "updated_at": "2026-11-24T20:15:00Z",
}
REFERENCE = {
    "id": "01932f4c-6e5a-7c1e-9d53-0f2b5f0fa001",
    "name": "sketch.png",
    "purpose": "picture",
    **{name: value for name, value in FILE.items() if name not in MOVING},
    "created_at": "2026-11-24T20:15:00Z",
}


@extend_schema_serializer(examples=[OpenApiExample("A picture", value=MEDIA, response_only=True)])
class MediaSerializer(StoredFileSerializer):
    """A picture or a video that is kept, with the settings it was made with."""

    preset = serializers.CharField(source="model_type", allow_blank=True)
    parameters = serializers.DictField(child=serializers.JSONField(), source="generation_params")
    project_id = serializers.UUIDField(source="shelf.pk", default=None, allow_null=True)
    parent_id = serializers.UUIDField(allow_null=True)
    tags = serializers.SerializerMethodField()

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_tags(self, media: Media) -> list[str]:
        return sorted((one.tag.name for one in media.tagged.all()), key=str.casefold)

    class Meta:
        model = Media
        fields = list(MEDIA)
        read_only_fields = fields


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Star it and put it into a project",
            value={"starred": True, "project_id": PROJECT_ID},
            request_only=True,
        )
    ]
)
class MediaChange(serializers.Serializer[Any]):
    """What to change of media; what is left out stays."""

    title = serializers.CharField(required=False, allow_blank=True, max_length=200)
    project_id = serializers.UUIDField(
        required=False, allow_null=True, help_text="null takes it out of its project."
    )
    starred = serializers.BooleanField(required=False)
    tags = serializers.ListField(
        child=serializers.CharField(max_length=40), required=False, help_text="All that it has."
    )


@extend_schema_serializer(
    examples=[OpenApiExample("One", value={"media": [MEDIA_ID]}, status_codes=["200"])]
)
class MediaIds(serializers.Serializer[Any]):
    """Pictures and videos, by their ids."""

    media = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=1000)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Tag two and put them into a project",
            value={
                "media": [MEDIA_ID, "01932f4c-6e5a-7c1e-9d53-0f2b5f0f9e02"],
                "add_tags": ["print"],
                "project_id": PROJECT_ID,
            },
            request_only=True,
        )
    ]
)
class ManyMedia(MediaIds):
    """What to change of all of them; what is left out stays."""

    project_id = serializers.UUIDField(
        required=False, allow_null=True, help_text="null takes them out of their projects."
    )
    starred = serializers.BooleanField(required=False)
    add_tags = serializers.ListField(child=serializers.CharField(max_length=40), default=list)
    remove_tags = serializers.ListField(child=serializers.CharField(max_length=40), default=list)
    in_bin = serializers.BooleanField(
        required=False, help_text="true puts them into the bin, false takes them back out."
    )


@extend_schema_serializer(
    examples=[
        OpenApiExample("A family", value={"parents": [MEDIA], "children": []}, response_only=True)
    ]
)
class FamilySerializer(serializers.Serializer[Any]):
    """What a picture or video was made from, and what was made from it."""

    parents = MediaSerializer(many=True)
    children = MediaSerializer(many=True)


@extend_schema_serializer(examples=[OpenApiExample("A project", value=PROJECT, response_only=True)])
class ProjectSerializer(serializers.ModelSerializer[Project]):
    """A named shelf of the library."""

    cover_id = serializers.UUIDField(allow_null=True)
    parent_id = serializers.UUIDField(allow_null=True)

    class Meta:
        model = Project
        fields = list(PROJECT)
        read_only_fields = fields


@extend_schema_serializer(
    examples=[
        OpenApiExample("A project", value={"name": "Winter", "description": ""}, request_only=True)
    ]
)
class ProjectRequest(serializers.Serializer[Any]):
    """A new project."""

    name = serializers.CharField(max_length=120)
    description = serializers.CharField(required=False, allow_blank=True, max_length=4000)
    parent_id = serializers.UUIDField(
        required=False, allow_null=True, help_text="The project that it lies in, nested once."
    )


@extend_schema_serializer(
    examples=[OpenApiExample("Another name", value={"name": "Snow"}, request_only=True)]
)
class ProjectChange(ProjectRequest):
    """What to change of a project; what is left out stays."""

    name = serializers.CharField(required=False, max_length=120)
    cover_id = serializers.UUIDField(
        required=False, help_text="The media that stands for the project."
    )


@extend_schema_serializer(
    examples=[OpenApiExample("A reference", value=REFERENCE, response_only=True)]
)
class ReferenceSerializer(StoredFileSerializer):
    """A picture that was uploaded to start from."""

    class Meta:
        model = Reference
        fields = list(REFERENCE)
        read_only_fields = fields


class ReferenceUpload(serializers.Serializer[Any]):
    """A picture: PNG, JPEG or WebP."""

    file = serializers.FileField(allow_empty_file=True)
    name = serializers.CharField(
        required=False, allow_blank=True, max_length=200, help_text="The file's name if left out."
    )
    purpose = serializers.ChoiceField(
        Reference.Purpose.choices,
        required=False,
        default=Reference.Purpose.PICTURE,
        help_text="A mask is not listed: keep its id.",
    )
