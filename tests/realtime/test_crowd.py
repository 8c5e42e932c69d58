"""Two hundred sockets at once: all get in, each hears its own person and nobody else."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from accounts.models import User
from ourvidz import feed
from ourvidz.rows import as_user
from tests.realtime.tab import signed_in
from tests.site import LiveSite

EACH = 100
PATIENCE = 120.0  # seconds; a busy machine is slow, not wrong


async def opened(site: LiveSite, session: str) -> ClientConnection:
    headers = {"Cookie": f"sessionid={session}"}
    url, origin = site.websocket_url, site.url
    socket = await connect(url, origin=origin, additional_headers=headers, open_timeout=PATIENCE)
    await socket.send('{"type":"hello","head":null}')
    assert json.loads(await socket.recv()) == {"type": "hello", "head": 0}
    return socket


async def heard(socket: ClientConnection, seconds: float) -> Any:
    try:
        return json.loads(await asyncio.wait_for(socket.recv(), seconds))["seq"]
    except TimeoutError:
        return None


def change(user: User) -> None:
    with as_user(user):
        feed.publish(user.pk, "profile.changed", {})


@pytest.mark.timeout(300)
def test_two_hundred_sockets(live_site: LiveSite, user: User, other_user: User) -> None:
    mine, theirs = signed_in(user), signed_in(other_user)

    async def test() -> tuple[list[Any], list[Any]]:
        sockets = await asyncio.gather(
            *(opened(live_site, session) for session in [mine, theirs] * EACH)
        )
        await asyncio.to_thread(change, user)
        own = await asyncio.gather(*(heard(socket, PATIENCE) for socket in sockets[0::2]))
        other = await asyncio.gather(*(heard(socket, 0.3) for socket in sockets[1::2]))
        await asyncio.gather(*(socket.close() for socket in sockets))
        return own, other

    own, other = asyncio.run(test())
    assert own == [1] * EACH
    assert other == [None] * EACH
