"""Whether this process lives and whether it can serve, for proxies, containers and clusters:
`/health/live` and `/health/ready`. Answered before hosts, sessions and identities are looked at,
since a probe knows none of them. Not for the health of GPU workers: see workers.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from redis import RedisError

from ourvidz import live

log = logging.getLogger(__name__)

LIVE, READY = "/health/live", "/health/ready"
OK, AWAY, BEHIND = "ok", "away", "migrations are missing"


class HealthMiddleware:
    """Answers probes; stands first. Says nothing that a stranger should not know."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == LIVE:
            return _answer({"process": OK})
        if request.path == READY:
            return _answer({"database": database(), "redis": redis()})
        return self.get_response(request)


def database() -> str:
    """Return OK, or what is wrong with the database."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return OK if _is_migrated() else BEHIND
    except DatabaseError as error:
        log.warning("The database does not answer: %s", error)
        # The next probe asks with a connection of its own.
        connection.close()
        return AWAY


def redis() -> str:
    """Return OK, or that Redis does not answer."""
    try:
        live.redis().ping()
    except RedisError as error:
        log.warning("Redis does not answer: %s", error)
        return AWAY
    return OK


def _is_migrated() -> bool:
    """Look until all is there; what was migrated stays so while this release runs."""
    try:
        return _migrated()
    except LookupError:
        return False


@cache
def _migrated() -> bool:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        # Not returned, so that it is not kept.
        raise LookupError("There are migrations to run.")
    return True


def _answer(checks: dict[str, str]) -> JsonResponse:
    well = all(value == OK for value in checks.values())
    return JsonResponse(checks, status=200 if well else 503, headers={"Cache-Control": "no-store"})
