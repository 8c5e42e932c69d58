"""The ASGI application: HTTP to Django, sockets to the feed's consumer. Not for logic."""

from __future__ import annotations

import os

import django
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from channels.sessions import SessionMiddlewareStack

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ourvidz.settings")
django.setup(set_prefix=False)

from ourvidz.bells import Bells  # noqa: E402  (needs the apps)
from ourvidz.handling import Handler  # noqa: E402  (needs the apps)
from ourvidz.patience import Patient  # noqa: E402  (needs the apps)
from ourvidz.routing import websocket_urlpatterns  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": Bells(Patient(Handler())),
        "websocket": AllowedHostsOriginValidator(
            SessionMiddlewareStack(URLRouter(websocket_urlpatterns))
        ),
    }
)
