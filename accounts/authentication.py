"""How the API knows who asks. The middleware has found the person already (it had to, to set the
database's identity); these classes only hand it to DRF. Not for workers, who have their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _
from rest_framework import authentication, exceptions, permissions
from rest_framework.request import Request

from accounts.models import ApiToken
from accounts.tokens import bearer

if TYPE_CHECKING:
    # DRF's views read this module's names while they are imported themselves.
    from rest_framework.views import APIView


class TokenAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer ovz_…`, resolved by the identity middleware."""

    def authenticate(self, request: Request) -> tuple[Any, ApiToken] | None:
        token = getattr(request._request, "api_token", None)
        if token is not None:
            return token.user, token
        if bearer(request._request):
            raise exceptions.AuthenticationFailed(_("This token is not valid. Make a new one."))
        return None

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="ourvidz"'


class SessionAuthentication(authentication.SessionAuthentication):
    """The browser's session, with its CSRF check; a stranger is told to authenticate (401)."""

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="ourvidz"'


class TokenHasScope(permissions.BasePermission):
    """A token reads with `read` and writes with `write`; a session may do both."""

    message = _("This token lacks the scope for that.")

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not isinstance(request.auth, ApiToken):
            return True
        safe = request.method in permissions.SAFE_METHODS
        needed = ApiToken.Scope.READ if safe else ApiToken.Scope.WRITE
        return needed in request.auth.scopes
