"""Where sockets lead: one address, one consumer. Not for pages or the API, which are in urls."""

from __future__ import annotations

from django.urls import path

from ourvidz.consumers import FeedConsumer

websocket_urlpatterns = [path("ws/", FeedConsumer.as_asgi())]
