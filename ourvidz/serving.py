"""Daphne with back-pressure: it hands every piece of an answer to the network at once, so that one
slow reader of a film makes it hold the whole film (measured: 200 MB sent, 258 MB resident). Here an
answer waits until the connection takes more. Started as `python -m ourvidz.serving` with Daphne's
own options. Not for anything about requests.
"""

from __future__ import annotations

import asyncio
from typing import Any

from daphne.cli import CommandLineInterface
from daphne.http_protocol import WebRequest
from daphne.server import Server
from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer


@implementer(IPushProducer)
class Gate:
    """Open while the connection takes data. Twisted closes and opens it, an answer waits for it."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()

    def pauseProducing(self) -> None:
        self.open.clear()

    def resumeProducing(self) -> None:
        self.open.set()

    def stopProducing(self) -> None:
        # The connection is gone. Nobody needs to wait; Daphne drops what is still sent.
        self.open.set()


class PatientServer(Server):
    """Lets an HTTP answer go on only as fast as its reader takes it; frames what goes to many
    sockets once; reads no forms."""

    framed: tuple[str, Any] = ("", None)

    def protocol_connected(self, protocol: Any) -> None:
        if isinstance(protocol, WebRequest):
            # Django does: Twisted's own look at a form with a file of 0.4 MB holds all others up
            # for 9 ms, and nobody asks for what it finds.
            protocol._parsePOSTFormSubmission = False
        super().protocol_connected(protocol)

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        if not isinstance(protocol, WebRequest):
            if not self._sent_framed(protocol, message):
                await super().handle_reply(protocol, message)
            return
        if message["type"] == "http.response.start":
            _watch(protocol)
        elif not message.get("more_body", False):
            _forget(protocol)
        await super().handle_reply(protocol, message)
        gate = protocol.producer
        if isinstance(gate, Gate):
            await gate.open.wait()

    def _sent_framed(self, protocol: Any, message: dict[str, Any]) -> bool:
        """Send a text that was just sent to another socket in the same frame; False where it is
        something else, or the socket is not open."""
        text = message.get("text")
        if not text or message["type"] != "websocket.send" or not self._is_open(protocol):
            return False
        if text is not self.framed[0]:
            self.framed = (text, protocol.factory.prepareMessage(text.encode(), isBinary=False))
        protocol.sendPreparedMessage(self.framed[1])
        return True

    def _is_open(self, protocol: Any) -> bool:
        known = self.connections.get(protocol)
        is_open = protocol.state == protocol.STATE_OPEN
        return is_open and known is not None and not known.get("disconnected")


class PatientInterface(CommandLineInterface):
    """Daphne's command line, with this server."""

    server_class = PatientServer


def _watch(request: WebRequest) -> None:
    if request.producer is None and request.channel is not None:
        request.registerProducer(Gate(), streaming=True)


def _forget(request: WebRequest) -> None:
    if isinstance(request.producer, Gate) and request.channel is not None:
        request.unregisterProducer()


if __name__ == "__main__":
    PatientInterface.entrypoint()
