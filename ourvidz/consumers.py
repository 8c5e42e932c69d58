"""The socket of a tab: hears its person and passes everything on. Not for commands, which go over
HTTP, and not for how anything looks, which pages fetch.
"""

from __future__ import annotations

from typing import Any

from asgiref.sync import sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.contrib.auth import get_user
from django.http import HttpRequest

from ourvidz import feed, rows

NOT_SIGNED_IN = 4401


class FeedConsumer(AsyncJsonWebsocketConsumer):
    """One tab's socket."""

    async def connect(self) -> None:
        await self.accept()
        user = await sync_to_async(_user_of)(self.scope["session"])
        if user is None:
            await self.close(NOT_SIGNED_IN)
            return
        self.groups = [feed.group_of(user.pk)] + ([feed.STAFF_GROUP] if user.is_staff else [])
        for group in self.groups:
            await self.channel_layer.group_add(group, self.channel_name)
        self.head = await sync_to_async(_head_of)(user)

    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        await self.send_json({"type": "hello", "head": self.head})

    async def feed_change(self, message: dict[str, Any]) -> None:
        self.head = max(self.head, message["seq"])
        await self.send_json({**message, "type": "change"})

    async def feed_moment(self, message: dict[str, Any]) -> None:
        await self.send_json({"type": "moment", "event": message["event"], **message["fields"]})


def _user_of(session: Any) -> Any:
    request = HttpRequest()
    request.session = session
    with rows.as_service("sign-in"):
        user = get_user(request)
    return user if user.is_authenticated else None


def _head_of(user: Any) -> int:
    with rows.as_user(user):
        return feed.head(user.pk)
