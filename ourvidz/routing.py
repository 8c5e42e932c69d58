"""Where sockets lead: one address, one consumer. Not for pages or the API, which are in urls."""

from __future__ import annotations

from daphne.ws_protocol import WebSocketProtocol
from django.urls import path

from ourvidz.consumers import FeedConsumer

# Bytes, in either direction. Daphne has no option for it, and would collect a message of any size
# before a consumer sees its first byte. The protocol keeps what its class says.
WebSocketProtocol.maxFramePayloadSize = WebSocketProtocol.maxMessagePayloadSize = 64 * 1024

websocket_urlpatterns = [path("ws/", FeedConsumer.as_asgi())]
