"""Django's part of the web server, with each request on one thread from its first middleware to its
last, out of threads that stay. Django's own starts a thread for each request and changes between it
and the event loop several times, a third of what a small answer costs. Not for async views
and middleware, of which there are none, nor for anything about what is asked.
"""

from __future__ import annotations

import asyncio
import contextvars
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.db import close_old_connections
from django.http.response import HttpResponseBase
from django.urls import set_script_prefix

from ourvidz.asking import unless_gone

# More than the database has connections for us: a few that wait for something else are in nobody's
# way. Started as they are needed.
THREADS = ThreadPoolExecutor(max_workers=100, thread_name_prefix="requests")


class Handler(ASGIHandler):
    """An ASGI application; Django's for everything but the threads."""

    def load_middleware(self, is_async: bool = False) -> None:
        """Compose the middleware as for WSGI: as none of it is async, none need be adapted."""
        super().load_middleware(is_async=False)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        set_script_prefix(get_script_prefix(scope))
        request, refused = self.create_request(scope, body)
        if refused is not None:
            body.close()
            await self.send_response(refused, send)
        else:
            await unless_gone(self._answered(request, send), receive)

    async def _answered(self, request: Any, send: Any) -> None:
        """Have the request answered and send the answer. Canceled where the client has gone."""
        inside = contextvars.copy_context()
        work = THREADS.submit(inside.run, self._answer_to, request)
        try:
            response = await asyncio.wrap_future(work)
        except asyncio.CancelledError:
            work.add_done_callback(_drop)
            raise
        try:
            await self.send_response(response, send)
        finally:
            if response.streaming:
                THREADS.submit(response.close)

    def _answer_to(self, request: Any) -> HttpResponseBase:
        """In a thread of its own, with the signals at which Django looks after its connections."""
        signals.request_started.send(sender=type(self), scope=request.scope)
        response: Any = self.get_response(request)
        response._handler_class = type(self)
        if response.streaming:
            # It is sent without the database, however long that takes.
            close_old_connections()
        else:
            response.close()
        return response


def _drop(work: Future[HttpResponseBase]) -> None:
    """Close what nobody is there to read."""
    if not work.cancelled() and not work.exception():
        work.result().close()
