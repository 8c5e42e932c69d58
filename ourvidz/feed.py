"""The one door through which pages hear of changes. A change takes the next number of its person's
feed in the same transaction, so that no page can miss one; a moment (progress, a preview) takes
none. Not for deciding what a page shows: the tables are the truth.

The row of `feed_heads` stays locked from the numbering to the commit, which keeps the numbers in
the order of commits. So numbering is the last thing a transaction does: `publish` only notes the
change, and it is numbered when the identity that wrote it is laid down. With the row locked
earlier, two transactions of several changes each could wait for each other forever.
"""

from __future__ import annotations

import logging
import uuid
from itertools import groupby
from typing import Any

from channels.layers import get_channel_layer
from django.conf import settings
from django.db import connection, transaction
from redis.exceptions import RedisError

from ourvidz import events, live, rows

logger = logging.getLogger(__name__)

STAFF_GROUP = "staff"

ADVANCE = """
    INSERT INTO feed_heads (user_id, seq) VALUES (%(user)s, %(count)s)
    ON CONFLICT (user_id) DO UPDATE SET seq = feed_heads.seq + %(count)s RETURNING seq
"""


class _Change:
    """A change that waits for its number, and then for the commit."""

    def __init__(self, user_id: uuid.UUID, event: str, told: dict[str, Any]) -> None:
        self.user_id = user_id
        self.event = event
        self.told = told
        self.seq = 0

    def tell(self) -> None:
        message = {"type": "feed.change", "seq": self.seq, "event": self.event, **self.told}
        _send(group_of(self.user_id), message)


def group_of(user_id: uuid.UUID | str) -> str:
    """Return the name of the group that all sockets of one person are in."""
    return f"user.{uuid.UUID(str(user_id)).hex}"


def publish(user_id: uuid.UUID, event: str, ids: dict[str, Any], **fields: Any) -> None:
    """Tell a person's pages of a change, once the transaction commits; a rollback tells nothing.

    Raises ValueError for a change that is not in `events`, and IdentityError where nobody, or
    another person, is at work: nobody could number it then.
    """
    events.check_change(event, ids, fields)
    if rows.current_role() == "none" or rows.current_user_id() not in (None, user_id):
        raise rows.IdentityError(f"{event} of {user_id} is not ours to tell.")
    change = _Change(user_id, event, {"ids": _plain(ids), "fields": _plain(fields)})
    transaction.on_commit(change.tell, robust=True)


def moment(user_id: uuid.UUID | str, event: str, **fields: Any) -> None:
    """Send something that is only true now, to the sockets of one person. It may be lost."""
    _send_moment(group_of(user_id), event, fields)


def staff_moment(event: str, **fields: Any) -> None:
    """Send something that is only true now, to all operators. It may be lost."""
    _send_moment(STAFF_GROUP, event, fields)


def check_access(user_id: uuid.UUID) -> None:
    """Let every socket of a person look again, after the commit, whether it may stay open.

    For whoever signs somebody out, switches an account off or changes a password: without it the
    sockets notice within half a minute.
    """
    group = group_of(user_id)
    transaction.on_commit(lambda: _send(group, {"type": "feed.access"}), robust=True)


def head(user_id: uuid.UUID) -> int:
    """Return the seq of a person's latest change."""
    return heads([user_id])[user_id]


def heads(user_ids: list[uuid.UUID]) -> dict[uuid.UUID, int]:
    """Return the seq of each person's latest change, in one query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT user_id, seq FROM feed_heads WHERE user_id = ANY(%s::uuid[])", [user_ids]
        )
        return dict.fromkeys(user_ids, 0) | dict(cursor.fetchall())


def settle() -> None:
    """Number this transaction's changes now, so that `head` tells their seq.

    For a caller that writes nothing more: its feed's row is locked from here to the commit.
    """
    _number()


def _number() -> None:
    """Number this transaction's changes, as far as the identity reaches.

    Django has already dropped those of savepoints that were rolled back.
    """
    person = rows.current_user_id()
    noted = (getattr(callback[1], "__self__", None) for callback in connection.run_on_commit)
    waiting = [
        change
        for change in noted
        if isinstance(change, _Change) and not change.seq and person in (None, change.user_id)
    ]
    # Person by person, so that transactions that tell several people lock their rows in one order.
    waiting.sort(key=lambda change: change.user_id)
    for user_id, group in groupby(waiting, key=lambda change: change.user_id):
        changes = list(group)
        first = _advance(user_id, len(changes)) - len(changes) + 1
        for seq, change in enumerate(changes, first):
            change.seq = seq


rows.last_words.append(_number)


def _advance(user_id: uuid.UUID, count: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(ADVANCE, {"user": user_id, "count": count})
        return cursor.fetchone()[0]


def _send_moment(group: str, event: str, fields: dict[str, Any]) -> None:
    events.check_moment(event, fields)
    _send(group, {"type": "feed.moment", "event": event, "fields": _plain(fields)})


def _send(group: str, message: dict[str, Any]) -> None:
    """Publish as the channel layer does. Its own `group_send` wants an event loop, and from a
    thread without one opens a connection each time: measured under load, 10 ms against 0.25."""
    layers: Any = settings.CHANNEL_LAYERS
    channel = f"{layers['default']['CONFIG']['prefix']}__group__{group}"
    try:
        live.redis().publish(channel, get_channel_layer().serialize(message))
    except RedisError as error:
        # What is committed stays so even if nobody can be told now. The next heartbeat will.
        logger.warning("Nobody was told (%s): %s", message.get("event", group), error)


def _plain(value: Any) -> Any:
    """Return a value that the channel layer can carry: ids as text."""
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return str(value) if isinstance(value, uuid.UUID) else value
