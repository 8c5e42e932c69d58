"""The socket of a tab: hears its person and passes everything on. Not for commands, which go over
HTTP, and not for how anything looks, which pages fetch.
"""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import Any

from channels.consumer import get_handler_name
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.utils import await_many_dispatch
from django.conf import settings

from ourvidz import feed, sockets
from ourvidz.greetings import MESSAGE_LIMIT, Allowance, is_greeting, same_origin
from ourvidz.visitors import Visitor

# Why a socket is closed. After the first the page asks for sign-in; after the others it comes back.
NOT_SIGNED_IN = 4401
UNREADABLE = 4400
RIGHTS_CHANGED = 4409
TOO_LARGE = 4413
TOO_MANY = 4429

# A page greets when it opens and when it wakes up.
GREETINGS = 10
GREETINGS_PER_SECOND = 0.5


class FeedConsumer(AsyncWebsocketConsumer):
    """One tab's socket.

    In: hello {type, head}, nothing else. Out: hello and heartbeat {type, head}, change
    {type, seq, event, ids, fields}, moment {type, event, fields}.
    """

    session_key = ""
    visitor: Visitor
    head = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scope, self.base_send = scope, send
        self.sockets = sockets.here()
        self.greetings = Allowance(GREETINGS, GREETINGS_PER_SECOND, time.monotonic)
        self.listens_to: list[str] = []
        try:
            # Channels' own subscribes every socket by itself, and hands it each message anew.
            with suppress(StopConsumer):
                await await_many_dispatch([receive], self.dispatch)
        finally:
            # Also where the server gives up on a socket without a word.
            self._stop_listening()

    async def dispatch(self, message: dict[str, Any]) -> None:
        # Channels' own goes through the one thread of the database before every message.
        await getattr(self, get_handler_name(message))(message)

    async def connect(self) -> None:
        if not same_origin(self.scope):
            await self.close()
            return
        # A browser tells its page why a socket was closed, but not why one was refused.
        await self.accept()
        self.session_key = self.scope["cookies"].get(settings.SESSION_COOKIE_NAME, "")
        visitor = await self.sockets.visitor_of(self.session_key)
        if visitor is None:
            await self.close(NOT_SIGNED_IN)
        else:
            await self._listen(visitor)

    async def _listen(self, visitor: Visitor) -> None:
        self.visitor = visitor
        for group in (feed.group_of(visitor.user_id), feed.STAFF_GROUP)[: 1 + visitor.is_staff]:
            await self.sockets.ears.join(group, self)
            self.listens_to.append(group)
        # Read after joining: a change in between comes as a message.
        self.head = max(self.head, await self.sockets.head_of(visitor.user_id) or 0)
        self.sockets.add(self)

    def _stop_listening(self) -> None:
        for group in self.listens_to:
            self.sockets.ears.leave(group, self)
        self.sockets.remove(self)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if not self.listens_to:
            # Turned away, and did not hear it yet.
            return
        if objection := self._objection(text_data):
            await self.close(objection)
        else:
            await self._say(type="hello", head=self.head)

    def _objection(self, text: str | None) -> int:
        """Return the code to close with, or 0."""
        if not self.greetings.take():
            return TOO_MANY
        if text is not None and len(text) > MESSAGE_LIMIT:
            return TOO_LARGE
        return 0 if text is not None and is_greeting(text) else UNREADABLE

    async def hear(self, message: dict[str, Any], text: str) -> None:
        """From the feed: rows of this person changed, or something is true now."""
        self.head = max(self.head, message.get("seq", 0))
        await self.send(text_data=text)

    async def beat(self, head: int) -> None:
        """Say that all is well, and how far the feed is."""
        self.head = max(self.head, head)
        await self._say(type="heartbeat", head=self.head)

    async def tell(self, event: str, fields: dict[str, Any]) -> None:
        """Pass a moment on."""
        await self._say(type="moment", event=event, fields=fields)

    async def leave(self, visitor: Visitor | None) -> None:
        """Close: this session is now nobody's, or somebody's with other rights."""
        self._stop_listening()
        await self.close(RIGHTS_CHANGED if visitor else NOT_SIGNED_IN)

    async def _say(self, **message: Any) -> None:
        await self.send(text_data=json.dumps(message, separators=(",", ":")))
