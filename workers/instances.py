"""One process a token: the last one to register is the worker, and an earlier one that still runs
is told so at its next heartbeat or claim, and ends. Otherwise two would take each other's leases
and orders. Known in Redis only; where that forgot, the next to register counts. Not for tokens.
"""

from __future__ import annotations

import logging
from contextlib import suppress

from django.conf import settings
from django.http import HttpRequest
from redis.exceptions import RedisError

from ourvidz import live
from ourvidz.errors import Refused
from workers.models import WorkerUrl

log = logging.getLogger(__name__)

# A random text that a process chooses when it starts. Earlier releases send none.
HEADER = "Ourvidz-Process"
LONGEST = 64
KEPT_SECONDS = 7 * 24 * 3600


def take_over(worker: WorkerUrl, request: HttpRequest) -> None:
    """Let the process that registers be the worker from now on."""
    process = request.headers.get(HEADER, "")[:LONGEST]
    with suppress(RedisError):
        before = live.redis().set(_key(worker), process, ex=KEPT_SECONDS, get=True)
        if before and before != process and worker.status == WorkerUrl.Status.ACTIVE:
            log.warning("Worker %s has started anew, or a second one has its token.", worker.name)


def check(worker: WorkerUrl, request: HttpRequest) -> None:
    """Let only the latest process go on. Raises Refused('worker_replaced')."""
    process = request.headers.get(HEADER, "")[:LONGEST]
    with suppress(RedisError):
        latest = live.redis().get(_key(worker))
        if process and latest and latest != process:
            raise Refused("worker_replaced")


def _key(worker: WorkerUrl) -> str:
    return f"{settings.NAMESPACE}:worker-process:{worker.pk}"
