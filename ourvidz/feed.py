"""The one door through which pages hear of changes. A change takes the next number of its person's feed
in the same transaction, so that no page can miss one; a moment (progress, a preview) takes none. Not
for deciding what a page shows: the tables are the truth.
"""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import connection, transaction

from ourvidz import events

STAFF_GROUP = "staff"

NEXT_SEQ = """
    INSERT INTO feed_heads (user_id, seq) VALUES (%s, 1)
    ON CONFLICT (user_id) DO UPDATE SET seq = feed_heads.seq + 1 RETURNING seq
"""


def group_of(user_id: uuid.UUID | str) -> str:
    """Return the name of the group that all sockets of one person are in."""
    return f"user.{uuid.UUID(str(user_id)).hex}"


def publish(user_id: uuid.UUID, event: str, ids: dict[str, Any], **fields: Any) -> int:
    """Number a change and send it when the transaction commits. Returns its seq.

    Call it last: the row of `feed_heads` stays locked until the commit, which is what keeps the numbers
    in the order of the commits.
    """
    events.check_change(event, ids, fields)
    seq = _next_seq(user_id)
    message = {
        "type": "feed.change",
        "seq": seq,
        "event": event,
        "ids": _plain(ids),
        "fields": _plain(fields),
    }
    transaction.on_commit(partial(_send, group_of(user_id), message))
    return seq


def moment(user_id: uuid.UUID | str, event: str, **fields: Any) -> None:
    """Send something that is only true now, to the sockets of one person."""
    events.check_moment(event, fields)
    _send(group_of(user_id), {"type": "feed.moment", "event": event, "fields": _plain(fields)})


def staff_moment(event: str, **fields: Any) -> None:
    """Send something that is only true now, to all operators."""
    events.check_moment(event, fields)
    _send(STAFF_GROUP, {"type": "feed.moment", "event": event, "fields": _plain(fields)})


def head(user_id: uuid.UUID) -> int:
    """Return the seq of a person's latest change."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT seq FROM feed_heads WHERE user_id = %s", [user_id])
        row = cursor.fetchone()
    return row[0] if row else 0


def _next_seq(user_id: uuid.UUID) -> int:
    with connection.cursor() as cursor:
        cursor.execute(NEXT_SEQ, [user_id])
        return cursor.fetchone()[0]


def _send(group: str, message: dict[str, Any]) -> None:
    layer = get_channel_layer()
    if layer is not None:
        async_to_sync(layer.group_send)(group, message)


def _plain(value: Any) -> Any:
    """Return a value that the channel layer can carry: ids as text."""
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return str(value) if isinstance(value, uuid.UUID) else value
