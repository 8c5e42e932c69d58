"""The API of oneself: who I am, my settings, my tokens. Not for signing up or in: that is the
site's.
"""

from __future__ import annotations

import uuid
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import services
from accounts.models import ApiToken, User
from accounts.serializers import (
    MeSerializer,
    NewTokenSerializer,
    ProfileSerializer,
    TokenRequest,
    TokenSerializer,
)
from ourvidz import feed
from ourvidz.api import View, ViewSet
from ourvidz.errors import Refused


class Me(View):
    """The person who asks."""

    @extend_schema(operation_id="me", summary="Who am I", responses=MeSerializer)
    def get(self, request: Request) -> Response:
        """Your account, your settings, and how many changes your feed has seen."""
        return Response(_me(_person(request)))

    @extend_schema(
        operation_id="update_me",
        summary="Change my settings",
        request=ProfileSerializer,
        responses=MeSerializer,
    )
    def patch(self, request: Request) -> Response:
        """Change your name, time zone, language or theme."""
        wanted = ProfileSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        user = _person(request)
        if wanted.validated_data:
            user.profile = services.update_profile(user=user, **wanted.validated_data)
            # The answer's `feed_head` counts this very change.
            feed.settle()
        return Response(_me(user))


class Tokens(ViewSet):
    """API tokens. Send one as `Authorization: Bearer ovz_…`."""

    serializer_class = TokenSerializer
    queryset = ApiToken.objects.none()

    def get_queryset(self) -> Any:
        return ApiToken.objects.for_user(self.request.user)

    @extend_schema(operation_id="list_tokens", summary="My tokens")
    def list(self, request: Request) -> Response:
        """Your API tokens, the newest first, revoked and expired ones too."""
        return self.page_of(self.get_queryset())

    @extend_schema(
        operation_id="issue_token",
        summary="Make a token",
        request=TokenRequest,
        responses={201: NewTokenSerializer},
    )
    def create(self, request: Request) -> Response:
        """Make an API token. Its `secret` is in this answer and never again.

        Only a person who is signed in may: a token that could make tokens would outlive its expiry.
        """
        if isinstance(request.auth, ApiToken):
            raise Refused("session_needed")
        wanted = TokenRequest(data=request.data)
        wanted.is_valid(raise_exception=True)
        token, secret = services.issue_token(user=_person(request), **wanted.validated_data)
        token.secret = secret  # type: ignore[attr-defined]
        return Response(NewTokenSerializer(token).data, status=201)

    @extend_schema(operation_id="revoke_token", summary="Revoke a token", responses={204: None})
    def destroy(self, request: Request, id: uuid.UUID) -> Response:
        """Make a token useless from now on. Repeating it is no error."""
        services.revoke_token(user=_person(request), token_id=id)
        return Response(status=204)


def _person(request: Request) -> User:
    """Return who asks; the permissions have made sure that it is somebody."""
    assert isinstance(request.user, User)
    return request.user


def _me(user: User) -> Any:
    user.feed_head = feed.head(user.pk)  # type: ignore[attr-defined]
    return MeSerializer(user).data
