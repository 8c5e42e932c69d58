"""Workers that come by themselves, from a container or a rented machine: whoever carries a pool's
enrolment token becomes a worker of its own, with a token of its own. Not for workers that an
operator names: `manage.py worker_token` makes those.
"""

from __future__ import annotations

import secrets

from django.db import transaction

from accounts.tokens import digest
from ourvidz.errors import Refused
from workers.models import WorkerPool, WorkerUrl
from workers.services import issue_worker_token

PREFIX = "ovp_"


def issue_enrolment_token(*, pool: WorkerPool) -> str:
    """Make a pool's enrolment token, and end an older one; return it. Only its digest is kept."""
    secret = PREFIX + secrets.token_urlsafe(32)
    WorkerPool.objects.filter(pk=pool.pk).update(enrolment_digest=digest(secret))
    return secret


def enrol(*, secret: str, name: str) -> tuple[WorkerUrl, str]:
    """Make the worker `name` of the pool whose token this is; return it and its own token.

    The same name again gets a new token, and its older one ends: two machines of one name cannot
    both be it. Raises Refused('worker_token_invalid').
    """
    pool = pool_of(secret)
    if pool is None:
        raise Refused("worker_token_invalid")
    full = f"{pool.name}/{name}"[:80]
    with transaction.atomic():
        token = issue_worker_token(name=full)
        return WorkerUrl.objects.get(name=full), token


def pool_of(secret: str) -> WorkerPool | None:
    """Return the pool whose enrolment token this is, or None. Needs the system's identity."""
    if not secret.startswith(PREFIX):
        return None
    return WorkerPool.objects.filter(enrolment_digest=digest(secret)).first()
