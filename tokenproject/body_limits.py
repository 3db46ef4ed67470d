"""How big a request's body may be, held before anything reads it.

Django's ASGI handler takes in a whole body before it looks at the request, and believes a missing Content-Length. So a
guard in front of it counts: what is too big is answered 413 and not read to its end.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import orjson

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

MIB = 1024 * 1024
IMPORT_PATH = "/api/v1/conversations/import"


def limit_for(path: str) -> int:
    """Bytes."""
    return 64 * MIB if path == IMPORT_PATH else 8 * MIB


class BodyGuard:
    """ASGI middleware for HTTP. Other scopes pass through."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = limit_for(scope["path"])
        if _declared_length(scope) > limit:
            await _refuse(send, limit)
            return
        counted = _Counted(receive, limit)
        await self._app(scope, counted.receive, send)
        if counted.too_big:
            await _refuse(send, limit)


class _Counted:
    """Passes the body on until it is over the limit; then the app is told that the client has gone."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._left = limit
        self.too_big = False

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                self.too_big = True
                return {"type": "http.disconnect"}
        return message


def _declared_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0


async def _refuse(send: Send, limit: int) -> None:
    error = {
        "code": "payload_too_large",
        "message": f"The body has more than {limit:,} bytes. Nothing was changed.",
        "params": {"limit": limit},
        "retryable": False,
        "retry_at": None,
        "ref": None,
    }
    body = orjson.dumps({"error": error})
    headers = [
        (b"content-type", b"application/json; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
