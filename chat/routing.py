"""Socket addresses. Any other is refused in the handshake; without the last route it would be a traceback."""

from __future__ import annotations

from typing import Any

from channels.routing import URLRouter
from channels.sessions import CookieMiddleware, SessionMiddleware
from django.urls import path, re_path

from chat.consumers import ChatConsumer


async def _refuse(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.close"})


# Channels reads Django's URL patterns with an application in the place of a view.
_socket: Any = ChatConsumer.as_asgi()
_anything_else: Any = _refuse
_routes: Any = [path("ws/v1/chat", _socket), re_path(r"^", _anything_else)]

websocket_application = CookieMiddleware(SessionMiddleware(URLRouter(_routes)))
