"""The ASGI application: HTTP to Django, sockets to the feed's consumer. Not for logic."""

from __future__ import annotations

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from channels.sessions import SessionMiddlewareStack
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ourvidz.settings")
http = get_asgi_application()

from ourvidz.bells import Bells  # noqa: E402  (needs the apps)
from ourvidz.patience import Patient  # noqa: E402  (needs the apps)
from ourvidz.routing import websocket_urlpatterns  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": Bells(Patient(http)),
        "websocket": AllowedHostsOriginValidator(
            SessionMiddlewareStack(URLRouter(websocket_urlpatterns))
        ),
    }
)
