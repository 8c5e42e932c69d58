"""How tags and saved searches look in the API. Not for checking values: services do."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from library.models import SavedSearch, Tag
from library.tags import TAG_LENGTH

TAG = {
    "id": "01932f4c-6e5a-7c1e-9d53-0f2b5f0fa101",
    "name": "print",
    "created_at": "2026-11-24T20:15:00Z",
    "updated_at": "2026-11-24T20:15:00Z",
}
QUERY = {"q": "fox -night tag:print", "kind": "image", "date": "month"}
SEARCH = {
    "id": "01932f4c-6e5a-7c1e-9d53-0f2b5f0fa201",
    "name": "Foxes to print",
    "query": QUERY,
    "created_at": "2026-11-24T20:15:00Z",
    "updated_at": "2026-11-24T20:15:00Z",
}


@extend_schema_serializer(examples=[OpenApiExample("A tag", value=TAG, response_only=True)])
class TagSerializer(serializers.ModelSerializer[Tag]):
    """A word that is given to media."""

    class Meta:
        model = Tag
        fields = list(TAG)
        read_only_fields = fields


@extend_schema_serializer(
    examples=[OpenApiExample("Another name", value={"name": "poster"}, request_only=True)]
)
class TagChange(serializers.Serializer[Any]):
    """A tag's new name."""

    name = serializers.CharField(max_length=TAG_LENGTH)


@extend_schema_serializer(
    examples=[OpenApiExample("A saved search", value=SEARCH, response_only=True)]
)
class SavedSearchSerializer(serializers.ModelSerializer[SavedSearch]):
    """A search under a name. `query` holds the values of the library page's address."""

    query = serializers.DictField(child=serializers.CharField())

    class Meta:
        model = SavedSearch
        fields = list(SEARCH)
        read_only_fields = fields


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Foxes to print", value={"name": "Foxes to print", "query": QUERY}, request_only=True
        )
    ]
)
class SavedSearchRequest(serializers.Serializer[Any]):
    """A search to keep: `q`, `kind`, `model`, `date`, `size`, `starred`, `reference`, `sort`."""

    name = serializers.CharField(max_length=120)
    query = serializers.DictField(child=serializers.CharField(max_length=200))
