"""A tab's socket, opened as a browser opens it: with the session's cookie and the page's origin.
Not for what a page does with it: browser tests see that.
"""

from __future__ import annotations

import json
import time
from typing import Any, Self

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from ourvidz.rows import as_service
from tests.site import LiveSite

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def signed_in(user: Any) -> str:
    """Sign a person in and return the session's key."""
    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = BACKEND
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    with as_service("test sign-in"):
        store.create()
    return str(store.session_key)


class Tab:
    """An open socket. As a context manager it closes itself."""

    def __init__(
        self, site: LiveSite, session: str, *, origin: str | None = "", query: str = ""
    ) -> None:
        """Open it; `origin` is the site's own unless given, and None sends no such header."""
        self.socket = connect(
            site.websocket_url + query,
            origin=site.url if origin == "" else origin,
            additional_headers={"Cookie": f"sessionid={session}"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def say(self, message: Any) -> None:
        """Send text or bytes as they are, anything else as JSON."""
        raw = isinstance(message, (str, bytes))
        self.socket.send(message if raw else json.dumps(message))

    def hello(self, head: int | None = None) -> int:
        """Greet, and return the head of the feed that the server tells."""
        self.say({"type": "hello", "head": head})
        return int(self.next("hello")["head"])

    def next(self, kind: str = "", seconds: float = 5.0) -> dict[str, Any]:
        """Return the next message (of a kind). Raises TimeoutError, or ConnectionClosed."""
        deadline = time.monotonic() + seconds
        while True:
            message = json.loads(self.socket.recv(timeout=max(0.0, deadline - time.monotonic())))
            if kind in ("", message["type"]):
                return message

    def silent(self, seconds: float = 0.3) -> bool:
        """Say whether nothing at all comes for a while."""
        try:
            self.next(seconds=seconds)
        except TimeoutError:
            return True
        return False

    def close_code(self, seconds: float = 5.0) -> int:
        """Wait until the server closes the socket; return its code."""
        try:
            while True:
                self.next(seconds=seconds)
        except ConnectionClosed as closed:
            assert closed.rcvd is not None, closed
            return closed.rcvd.code
