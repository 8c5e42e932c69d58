"""What is only true now and may be lost: a job's latest step and preview, the wish to cancel it,
and who holds it. It lives in Redis, never in the database. Not for what must survive a restart.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

import redis as redis_client
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

log = logging.getLogger(__name__)

POOL = 32
WAIT_SECONDS = 5.0
PROGRESS_SECONDS = 120
CANCEL_SECONDS = 3600
HOLDER_SECONDS = 3600
# Longer than the checksum of the largest file takes, in which nothing is reported.
FETCH_SECONDS = 300


@cache
def redis() -> redis_client.Redis:
    """Return this process's client of Redis, for short commands from any thread.

    At most POOL connections stay open; whoever finds all in use waits. A server that is away is an
    error (redis.exceptions.RedisError) within seconds, since most callers hold a request up.
    """
    pool = redis_client.BlockingConnectionPool.from_url(
        settings.REDIS_URL,
        max_connections=POOL,
        timeout=WAIT_SECONDS,
        socket_timeout=WAIT_SECONDS,
        socket_connect_timeout=WAIT_SECONDS,
        # Once more, at once: a connection that the server closed meanwhile is replaced.
        retry=Retry(NoBackoff(), 1),
        decode_responses=True,
    )
    return redis_client.Redis(connection_pool=pool)


def set_progress(job_id: uuid.UUID | str, *, step: int, of: int, preview: str = "") -> None:
    """Keep the latest step (of how many) and the latest preview (a data url) of a running job."""
    value = json.dumps({"step": step, "of": of, "preview": preview})
    redis().set(_key("progress", job_id), value, ex=PROGRESS_SECONDS)


def progress(job_ids: Iterable[uuid.UUID | str]) -> dict[str, dict[str, Any]]:
    """Return the latest progress of each job that has one, in one round trip."""
    ids = [str(job_id) for job_id in job_ids]
    if not ids:
        return {}
    values = redis().mget([_key("progress", job_id) for job_id in ids])
    return {job_id: json.loads(value) for job_id, value in zip(ids, values, strict=True) if value}


def request_cancel(job_id: uuid.UUID | str) -> None:
    """Ask whoever works on the job to stop at the next step."""
    with _forgiving("A wish to cancel"):
        redis().set(_key("cancel", job_id), "1", ex=CANCEL_SECONDS)


def cancel_requested(job_id: uuid.UUID | str) -> bool:
    """Return whether the job should stop at the next step; False where Redis is away, since a
    heartbeat asks too, and must not fail for it: the row knows as well.
    """
    with suppress(redis_client.RedisError):
        return bool(redis().exists(_key("cancel", job_id)))
    return False


def set_holders(holders: Mapping[uuid.UUID, dict[str, Any]]) -> None:
    """Remember who holds running jobs, each as `holder` returns it, so that progress reports need
    no database."""
    with _forgiving("Who holds a job"), redis().pipeline(transaction=False) as pipe:
        for job_id, held in holders.items():
            pipe.set(_key("holder", job_id), json.dumps(held), ex=HOLDER_SECONDS)
        pipe.execute()


def holder(job_id: uuid.UUID | str) -> dict[str, Any] | None:
    """Return `{worker, attempt, user}` of a running job, or None where Redis does not know."""
    value = redis().get(_key("holder", job_id))
    return json.loads(value) if value else None


def set_fetch(slug: str, value: dict[str, Any]) -> None:
    """Keep how far the fetch of a preset's model is; a silent one is forgotten after a while."""
    redis().set(_key("fetch", slug), json.dumps(value), ex=FETCH_SECONDS)


def fetches(slugs: list[str]) -> dict[str, dict[str, Any]]:
    """Return what is known of fetches, by the preset's slug; nothing where Redis is away."""
    if not slugs:
        return {}
    try:
        values = redis().mget([_key("fetch", slug) for slug in slugs])
    except redis_client.RedisError:
        return {}
    return {slug: json.loads(value) for slug, value in zip(slugs, values, strict=True) if value}


def stop_fetch(slug: str) -> None:
    """Ask whoever fetches a model to stop."""
    redis().set(_key("stop-fetch", slug), "1", ex=FETCH_SECONDS)


def take_stop(slug: str) -> bool:
    """Return whether a fetch was asked to stop, and forget it."""
    return bool(redis().delete(_key("stop-fetch", slug)))


@contextmanager
def only_one(name: str, seconds: float) -> Iterator[bool]:
    """Yield whether this process is the only one to do a thing now; whoever dies over it is in the
    way for so many seconds at most.
    """
    lock = redis().lock(_key("lock", name), timeout=seconds, blocking=False)
    mine = lock.acquire()
    try:
        yield bool(mine)
    finally:
        if mine:
            with suppress(redis_client.exceptions.LockError):
                lock.release()


def clear(*job_ids: uuid.UUID | str) -> None:
    """Forget jobs that are finished."""
    kinds = ("progress", "cancel", "holder")
    keys = [_key(kind, job_id) for job_id in job_ids for kind in kinds]
    with _forgiving("A job's end"):
        if keys:
            redis().delete(*keys)


@contextmanager
def _forgiving(what: str) -> Iterator[None]:
    """Called after a commit, when what was asked for is done: the rows know all of this too."""
    try:
        yield
    except redis_client.RedisError as error:
        log.warning("%s was not noted: %s", what, error)


def _key(kind: str, job_id: uuid.UUID | str) -> str:
    return f"{settings.NAMESPACE}:{kind}:{job_id}"
