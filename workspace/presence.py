"""Which tabs have a session open. Each stay of a tab has a name of its own, so that the late word
of a page that was reloaded ends that page's stay and nothing else. Known in Redis only; where that
forgot or is away, who leaves is the last. Not for sockets, which belong to people, not to sessions.
"""

from __future__ import annotations

import uuid
from contextlib import suppress
from datetime import timedelta

from django.conf import settings
from django.utils import timezone
from redis.exceptions import RedisError

from ourvidz import live

LONGEST_NAME = 64
# A tab that died without a word is counted for so long; one that lives says again that it is here.
KEPT = timedelta(days=1)
# A stay that is over stays over, should its first word arrive after its last.
ENDED = timedelta(minutes=1)


def come(session_id: uuid.UUID, stay: str) -> bool:
    """Count a stay in; returns whether it goes on, which it does unless its end was told before."""
    with suppress(RedisError), live.redis().pipeline() as pipe:
        pipe.exists(_ended(session_id, stay))
        pipe.zadd(_open(session_id), {stay[:LONGEST_NAME]: (timezone.now() + KEPT).timestamp()})
        pipe.expire(_open(session_id), KEPT)
        ended, *_rest = pipe.execute()
        if ended:
            live.redis().zrem(_open(session_id), stay[:LONGEST_NAME])
        return not ended
    return True


def go(session_id: uuid.UUID, stay: str) -> bool:
    """Count a stay out; returns whether no other tab has the session open."""
    with suppress(RedisError), live.redis().pipeline() as pipe:
        pipe.set(_ended(session_id, stay), "1", ex=ENDED)
        pipe.zrem(_open(session_id), stay[:LONGEST_NAME])
        pipe.zremrangebyscore(_open(session_id), "-inf", timezone.now().timestamp())
        pipe.zcard(_open(session_id))
        return not pipe.execute()[-1]
    return True


def _open(session_id: uuid.UUID) -> str:
    return f"{settings.NAMESPACE}:session-open:{session_id}"


def _ended(session_id: uuid.UUID, stay: str) -> str:
    return f"{settings.NAMESPACE}:session-ended:{session_id}:{stay[:LONGEST_NAME]}"
