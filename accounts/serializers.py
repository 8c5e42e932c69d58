"""How people and their tokens look in the API. Not for checking values: services do."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from accounts.models import ApiToken, User

ME = {
    "id": "01932f4c-6e5a-7c1e-9d53-0f2b5f0f9a11",
    "email": "ada@example.org",
    "is_staff": False,
    "display_name": "Ada",
    "time_zone": "Europe/Berlin",
    "language": "de",
    "theme": "system",
    "joined_at": "2026-11-24T20:15:00Z",
    "feed_head": 42,
}
TOKEN = {
    "id": "01932f4c-6e5a-7c1e-9d53-0f2b5f0f9a12",
    "name": "Laptop",
    "prefix": "ovz_Q2xhdWRl",
    "scopes": ["read", "write"],
    "created_at": "2026-11-24T20:15:00Z",
    "expires_at": "2027-11-24T00:00:00Z",
    "revoked_at": None,
    "last_used_at": None,
}


@extend_schema_serializer(examples=[OpenApiExample("A person", value=ME, response_only=True)])
class MeSerializer(serializers.ModelSerializer[User]):
    """Who you are, and how you want to be shown things."""

    display_name = serializers.CharField(source="profile.display_name")
    time_zone = serializers.CharField(source="profile.time_zone")
    language = serializers.CharField(source="profile.language")
    theme = serializers.CharField(source="profile.theme")
    joined_at = serializers.DateTimeField(source="date_joined")
    feed_head = serializers.IntegerField(
        help_text="The seq of your latest change: where a socket's catching up starts."
    )

    class Meta:
        model = User
        fields = list(ME)
        read_only_fields = fields


@extend_schema_serializer(
    examples=[
        OpenApiExample("Another time zone", value={"time_zone": "Asia/Tokyo"}, request_only=True)
    ]
)
class ProfileSerializer(serializers.Serializer[Any]):
    """What to change about yourself; what is left out stays."""

    display_name = serializers.CharField(allow_blank=True, required=False, max_length=80)
    time_zone = serializers.CharField(
        required=False, max_length=64, help_text="An IANA name, e.g. `Europe/Berlin`."
    )
    language = serializers.CharField(required=False, max_length=8, help_text="`en` or `de`.")
    theme = serializers.CharField(
        required=False, max_length=8, help_text="`system`, `light` or `dark`."
    )


@extend_schema_serializer(examples=[OpenApiExample("A token", value=TOKEN, response_only=True)])
class TokenSerializer(serializers.ModelSerializer[ApiToken]):
    """An API token, without its secret."""

    scopes = serializers.ListField(child=serializers.ChoiceField(ApiToken.Scope.choices))

    class Meta:
        model = ApiToken
        fields = list(TOKEN)
        read_only_fields = fields


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A new token",
            value={**TOKEN, "secret": "ovz_Q2xhdWRlIG1hZGUgdGhpcyBleGFtcGxlLCBub3QgYSBrZXk"},
            response_only=True,
        )
    ]
)
class NewTokenSerializer(TokenSerializer):
    """A new API token with its secret, which is shown this once."""

    secret = serializers.CharField()

    class Meta(TokenSerializer.Meta):
        fields = [*TOKEN, "secret"]
        read_only_fields = fields


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "For a program that only looks",
            value={"name": "Dashboard", "scopes": ["read"], "expires_at": None},
            request_only=True,
        )
    ]
)
class TokenRequest(serializers.Serializer[Any]):
    """What a new token is called, what it may do, and until when."""

    name = serializers.CharField(max_length=80)
    scopes = serializers.ListField(
        child=serializers.ChoiceField(ApiToken.Scope.choices), min_length=1, max_length=8
    )
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)
