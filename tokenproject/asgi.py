"""The ASGI application: pages and REST, the socket, and the lifespan that starts and stops this process's engine.

Channels' router has no lifespan and daphne sends none: then the first request starts the engine.
"""

from __future__ import annotations

import logging
import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tokenproject.settings")

from django.core.asgi import get_asgi_application

_django: Any = get_asgi_application()

# Only now that the apps are loaded.
from chat import engine  # noqa: E402
from chat.routing import websocket_application  # noqa: E402
from chat.sole_process import AnotherProcess  # noqa: E402
from tokenproject.body_limits import BodyGuard  # noqa: E402

logger = logging.getLogger(__name__)

_pages = BodyGuard(_django)


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
        return
    try:
        await engine.ensure_started()
    except AnotherProcess as error:
        logger.critical("%s", error)
        await _refuse(scope, send, str(error))
        return
    serve: Any = websocket_application if scope["type"] == "websocket" else _pages
    await serve(scope, receive, send)


async def _refuse(scope: dict[str, Any], send: Any, why: str) -> None:
    """A server without a lifespan cannot refuse to start; it says so to everyone who asks."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close"})
        return
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": f"This server cannot work: {why}\n".encode()})


async def _lifespan(receive: Any, send: Any) -> None:
    await receive()
    try:
        await engine.ensure_started()
    except AnotherProcess as error:
        logger.critical("%s", error)
        await send({"type": "lifespan.startup.failed", "message": str(error)})
        return
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await engine.stop()
    await send({"type": "lifespan.shutdown.complete"})
