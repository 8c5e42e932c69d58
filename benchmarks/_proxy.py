"""A TCP proxy whose line can be cut, held up or refused while it runs, for the faults that no
process can make by itself. Not for measuring: it costs a copy.
"""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress

CHUNK = 64 * 1024
LOOK_SECONDS = 0.05
# What a store says that has no room left.
FULL = b"HTTP/1.1 507 Insufficient Storage\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Proxy:
    """Listens on a free port of this machine and passes on to `target` (host, port).

    `mode` is one of: pass; refuse (connections end at once); stall (bytes are held, and arrive
    late when it passes again, as after a cut line); full (every PUT is answered with 507).
    """

    def __init__(self, target: tuple[str, int]) -> None:
        self.target = target
        self.mode = "pass"
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """Where to reach the target through this."""
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        """Take no more connections."""
        self.listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _address = self.listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            self._hold()
            if self.mode == "refuse":
                return
            with socket.create_connection(self.target, timeout=30) as server:
                server.settimeout(None)
                back = threading.Thread(target=self._pump, args=(server, client), daemon=True)
                back.start()
                self._pump(client, server)
                back.join()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(CHUNK):
                self._hold()
                if self.mode == "refuse":
                    break
                if self.mode == "full" and data.startswith(b"PUT "):
                    source.sendall(FULL)
                    break
                sink.sendall(data)
        for each in (source, sink):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _hold(self) -> None:
        while self.mode == "stall":
            time.sleep(LOOK_SECONDS)
