"""Finding a TCP port for the web server. Not for the embedded servers: those have sockets only."""

from __future__ import annotations

import socket
from contextlib import closing

from ourvidz.embedded.errors import StartFailed

TRIES = 50


def is_free(host: str, port: int) -> bool:
    """Say whether a server could listen there, and a person's `localhost` would reach it."""
    if port and _somebody_answers(port):
        return False
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with closing(socket.socket(family, socket.SOCK_STREAM)) as probe:
        # As the web server does: a port that was in use a moment ago is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def first_free(host: str, wanted: int) -> int:
    """Return `wanted`, or the next port after it that is free. Raises StartFailed."""
    for port in range(wanted, min(wanted + TRIES, 65536)):
        if is_free(host, port):
            return port
    raise StartFailed(
        f"No port from {wanted} to {wanted + TRIES - 1} is free on {host}. "
        "Set OURVIDZ_PORT to one that is, or OURVIDZ_HOST to an address of this machine."
    )


def _somebody_answers(port: int) -> bool:
    """Look at `localhost` too: a program on `::1` would get its visitors."""
    try:
        socket.create_connection(("localhost", port), timeout=1).close()
    except OSError:
        return False
    return True
