"""Worker tokens as they travel: how one is made, and who carries it. Not for people's API tokens,
which are in accounts, nor for making or revoking one: see services.py.
"""

from __future__ import annotations

import secrets
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from rest_framework import authentication, permissions
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.tokens import bearer, digest
from ourvidz.errors import Refused
from workers.models import WorkerUrl

PREFIX = "ovw_"


def new_secret() -> str:
    """Return a fresh secret: 256 random bits behind a prefix that scanners can recognise."""
    return PREFIX + secrets.token_urlsafe(32)


def worker_of(secret: str) -> WorkerUrl | None:
    """Return the worker whose unexpired token this is, or None. Needs the system's identity."""
    if not secret.startswith(PREFIX):
        return None
    worker = WorkerUrl.objects.filter(token_digest=digest(secret)).first()
    expired = worker and worker.token_expires_at and worker.token_expires_at <= timezone.now()
    return None if expired else worker


class WorkerTokenAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer ovw_…`. The worker is the request's `auth`; it is nobody's user."""

    def authenticate(self, request: Request) -> tuple[Any, WorkerUrl]:
        worker = worker_of(bearer(request._request))
        if worker is None:
            raise Refused("worker_token_invalid")
        if worker.status == WorkerUrl.Status.DISABLED:
            raise Refused("worker_disabled")
        return AnonymousUser(), worker


class IsWorker(permissions.BasePermission):
    """Only workers, whatever else may authenticate one day."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return isinstance(request.auth, WorkerUrl)
