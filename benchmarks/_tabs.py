"""A thousand open sockets that cost this side next to nothing: the handshake and the reading are
done by hand on plain connections, so that what is measured is the server. Not a WebSocket client.
"""

from __future__ import annotations

import base64
import os
import resource
import selectors
import socket
import threading
import time
from collections.abc import Callable
from typing import Any, Self
from urllib.parse import urlsplit

GREETING = b'{"type":"hello","head":null}'
CHANGE = b'"type":"change"'
PATIENCE_SECONDS = 60.0
CHUNK = 65536


class Tabs:
    """One socket for each of these sessions, read by one thread. As a context manager."""

    def __init__(
        self, site: Any, sessions: list[str], opened: Callable[[], None] = lambda: None
    ) -> None:
        """`opened` is called after each of them."""
        self.address = urlsplit(site.url)
        self.sessions = sessions
        self.opened = opened
        self.selector = selectors.DefaultSelector()
        self.sockets: list[socket.socket] = []
        # Seconds since 1970 at which a socket heard of a change, by its number.
        self.heard: dict[int, float] = {}
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._read_on, daemon=True)

    def __enter__(self) -> Self:
        enough = (2 * len(self.sessions) + 1024,) * 2
        if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < enough[0]:
            resource.setrlimit(resource.RLIMIT_NOFILE, enough)
        for number, session in enumerate(self.sessions):
            opened = self._opened(session)
            self.sockets.append(opened)
            self.selector.register(opened, selectors.EVENT_READ, number)
            self.opened()
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join()
        for each in self.sockets:
            each.close()

    def wait_for(self, count: int) -> dict[int, float]:
        """Return when each has heard, once so many have."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(self.heard) < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(self.heard)} of {count} sockets have heard.")
            time.sleep(0.005)
        return self.heard

    def _opened(self, session: str) -> socket.socket:
        opened = socket.create_connection((self.address.hostname, self.address.port), timeout=60)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            "GET /ws/ HTTP/1.1",
            f"Host: {self.address.netloc}",
            f"Origin: {self.address.scheme}://{self.address.netloc}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
            f"Cookie: sessionid={session}",
        ]
        opened.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        answer = opened.recv(CHUNK)
        if b" 101 " not in answer.split(b"\r\n", 1)[0]:
            raise ConnectionError(answer[:200])
        # A frame of text, masked with nothing.
        opened.sendall(bytes([0x81, 0x80 | len(GREETING)]) + bytes(4) + GREETING)
        while b'"type":"hello"' not in answer:
            answer += opened.recv(CHUNK)
        opened.setblocking(False)
        return opened

    def _read_on(self) -> None:
        while not self.over.is_set():
            for key, _ in self.selector.select(0.1):
                data = key.fileobj.recv(CHUNK)  # type: ignore[union-attr]
                if CHANGE in data:
                    self.heard[key.data] = time.time()
                if not data:
                    self.selector.unregister(key.fileobj)
