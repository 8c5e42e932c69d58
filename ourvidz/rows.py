"""Who the database believes we are: the only two doors through which code gets an identity that
PostgreSQL's row-level security checks. Not for permissions inside one person's data, and not for
deciding who may sign in.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

USER_ROLE = "ourvidz_user"
SERVICE_ROLE = "ourvidz_service"

# Sign-in tables of third parties (and Django's own bookkeeping): without policies, since their
# owners know nothing of ours, and closed to `ourvidz_user` altogether.
IDENTITY_TABLES = frozenset(
    {
        "account_emailaddress",
        "account_emailconfirmation",
        "auth_group",
        "auth_group_permissions",
        "auth_permission",
        "users_groups",
        "users_user_permissions",
        "django_admin_log",
        "django_content_type",
        "django_migrations",
        "django_session",
        "django_dramatiq_task",
    }
)
# Ours, belonging to nobody: operators and workers only.
SERVICE_TABLES = frozenset({"worker_urls", "worker_events", "worker_pools", "pool_machines"})
# Ours, belonging to nobody: everybody may read, operators write.
SHARED_TABLES = frozenset({"fair_queues", "model_presets"})

# The role and the user id are set in one statement, and for this transaction only: a pooled
# connection must never carry an identity to the next request.
SET_IDENTITY = "SELECT set_config('role', %s, true), set_config('app.user_id', %s, true)"

# Called at the end of every block that took on an identity, while it still has it: the last words
# of a transaction, such as the numbers of its changes (see feed).
last_words: list[Callable[[], None]] = []


class IdentityError(RuntimeError):
    """Code tried to become somebody it must not become."""


@contextmanager
def as_user(user: Any) -> Iterator[None]:
    """Run the block as one person: sees and writes that person's rows and nothing else.

    `user` is a User or its UUID. Raises IdentityError where the block already runs as another
    person.
    """
    user_id = getattr(user, "pk", user)
    if not isinstance(user_id, uuid.UUID):
        raise IdentityError(f"{user!r} is not a person with an id.")
    current = current_user_id()
    if current is not None and current != user_id:
        raise IdentityError("One person's code cannot turn into another person.")
    with _identity(USER_ROLE, str(user_id)):
        yield


@contextmanager
def as_service(reason: str) -> Iterator[None]:
    """Run the block as the system itself, which sees every row. `reason` says why, for the
    reader.
    """
    if not reason:
        raise IdentityError("Say why the system needs to see every row.")
    with _identity(SERVICE_ROLE, ""):
        yield


def current_user_id() -> uuid.UUID | None:
    """Return the person whose identity this connection carries, or None."""
    role, user_id = _current()
    return uuid.UUID(user_id) if role == USER_ROLE and user_id else None


def current_role() -> str:
    """Return the group role in force, or 'none' where the connection has no identity."""
    return _current()[0]


def _current() -> tuple[str, str]:
    return getattr(connection, "ourvidz_identity", ("none", ""))


@contextmanager
def _identity(role: str, user_id: str) -> Iterator[None]:
    inside = connection.in_atomic_block
    # Hooks of a commit run while the block that committed is still being left: it is over.
    before = _current() if inside else ("none", "")
    try:
        with transaction.atomic():
            _set(role, user_id)
            yield
            if before != (role, user_id):
                _say_last_words()
            # The settings are the transaction's: where this block ends it, they end with it. After
            # a failure the rollback of this block's savepoint restores them by itself, and the
            # connection would refuse the query.
            if inside and not connection.needs_rollback:
                _set(*before)
    finally:
        connection.ourvidz_identity = before  # type: ignore[attr-defined]


def _say_last_words() -> None:
    if not connection.needs_rollback:
        for say in last_words:
            say()


def _set(role: str, user_id: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(SET_IDENTITY, [role, user_id])
    connection.ourvidz_identity = (role, user_id)  # type: ignore[attr-defined]
