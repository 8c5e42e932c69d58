"""One POST to a webhook's address: over TLS, to the very address that the guard looked at, without
following anything, and never for longer than it may take. Not for what is sent: see outbox.py.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpcore

from jobs.webhooks import guard
from ourvidz.errors import Refused

TIME_LIMIT = 10.0
USER_AGENT = "OurVidz-Webhooks/1"


@dataclass(frozen=True)
class Result:
    """How an attempt went: the receiver's status, or the code of what was in the way. Seconds."""

    status: int | None = None
    error: str = ""
    seconds: float = 0.0

    @property
    def accepted(self) -> bool:
        """Whether the receiver took it."""
        return self.status is not None and 200 <= self.status < 300


def post(url: str, headers: Sequence[tuple[str, str]], body: bytes) -> Result:
    """Send a body to an https address. Never raises for what the receiver does."""
    start = time.monotonic()
    try:
        status, error = _post(url, headers, body), ""
    except Refused as refused:
        status, error = None, refused.code
    except ssl.SSLError:
        status, error = None, "webhook_tls"
    except httpcore.ConnectError as failed:
        tls = isinstance(failed.__cause__ or failed.__context__, ssl.SSLError)
        status, error = None, "webhook_tls" if tls else "webhook_connect"
    except (httpcore.TimeoutException, TimeoutError):
        status, error = None, "webhook_timeout"
    except (httpcore.NetworkError, httpcore.ProtocolError, OSError):
        status, error = None, "webhook_connect"
    if status is not None and 300 <= status < 400:
        error = "webhook_redirect"
    return Result(status, error, round(time.monotonic() - start, 3))


def _post(url: str, headers: Sequence[tuple[str, str]], body: bytes) -> int:
    parts = urlsplit(guard.checked_url(url))
    host, port = parts.hostname or "", parts.port or 443
    backend = _Pinned(guard.checked_address(host, port), time.monotonic() + TIME_LIMIT)
    given = [("User-Agent", USER_AGENT), ("Content-Type", "application/json"), *headers]
    timeout = dict.fromkeys(("connect", "read", "write", "pool"), TIME_LIMIT)
    with (
        httpcore.ConnectionPool(
            ssl_context=ssl.create_default_context(), network_backend=backend
        ) as pool,
        # What it answers is of no interest beyond the status, so its body is not read.
        pool.stream(
            "POST", url, headers=given, content=body, extensions={"timeout": timeout}
        ) as response,
    ):
        return response.status


class _Pinned(httpcore.NetworkBackend):
    """Connects to one address, whatever the name; TLS still asks for the name."""

    def __init__(self, address: str, deadline: float) -> None:
        self.address = address
        self.deadline = deadline
        self.plain = httpcore.SyncBackend()

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, *more: Any, **named: Any
    ) -> httpcore.NetworkStream:
        left = _left(self.deadline, timeout)
        stream = self.plain.connect_tcp(self.address, port, left, *more, **named)
        return _Timed(stream, self.deadline)


class _Timed(httpcore.NetworkStream):
    """A connection whose time is over at one moment, however slowly its bytes drip."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self.stream = stream
        self.deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.stream.read(max_bytes, _left(self.deadline, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.stream.write(buffer, _left(self.deadline, timeout))

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(self.deadline, timeout)
        return _Timed(self.stream.start_tls(ssl_context, server_hostname, left), self.deadline)

    def close(self) -> None:
        self.stream.close()

    def get_extra_info(self, info: str) -> Any:
        return self.stream.get_extra_info(info)


def _left(deadline: float, timeout: float | None) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("The time is over.")
    return min(left, timeout or left)
