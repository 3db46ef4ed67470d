"""The sandbox over real HTTP: a small ASGI app under uvicorn.

Broken connections are really broken: `cut` closes the TCP connection in the middle of a chunked body, `reset` sends a
RST. ASGI cannot say that, so the protocol class hands the connection to the app (`scope["state"]["connection"]`).
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import aclosing
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from agents.sandbox.app import MOST_BODY_BYTES, SandboxApp
from agents.sandbox.performance import ConnectionCut, ConnectionReset

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_BEFORE_RESET = 0.05
"""Seconds in which what was said can still be read: a client that learns of a RST may forget what it has received."""

_LINGER_NOT_AT_ALL = struct.pack("ii", 1, 0)


class SandboxServer(uvicorn.Server):
    """uvicorn with `app` on it. `run()` blocks; `should_exit = True` from anywhere ends it and cuts what is still open.
    Port 0 takes a free port; `on_start` is told the port as soon as it listens."""

    def __init__(
        self,
        app: SandboxApp,
        *,
        host: str,
        port: int,
        log_level: str = "warning",
        on_start: Callable[[int], None] = lambda port: None,
    ) -> None:
        self._on_start = on_start
        super().__init__(
            uvicorn.Config(
                asgi_app(app),
                host=host,
                port=port,
                http=_ConnectionInScope,
                ws="none",
                lifespan="off",
                log_level=log_level,
                timeout_graceful_shutdown=1,
            )
        )

    @property
    def port(self) -> int:
        """The port that it listens on; IndexError before it does."""
        return int(self.servers[0].sockets[0].getsockname()[1])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_start(self.port)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for connection in tuple(self.server_state.connections):
            connection.transport.close()
        await super().shutdown(sockets)


class _ConnectionInScope(H11Protocol):
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn narrows it too
        self.app_state = {**self.app_state, "connection": transport}
        super().connection_made(transport)


def asgi_app(app: SandboxApp) -> Callable[[Message, Receive, Send], Awaitable[None]]:
    """`app` as an ASGI application."""

    async def serve(scope: Message, receive: Receive, send: Send) -> None:
        if (body := await _body(receive)) is None:
            return
        answer = asyncio.ensure_future(_answer(app, scope=scope, body=body, send=send))
        gone = asyncio.ensure_future(_disconnected(receive))
        try:
            await asyncio.wait((answer, gone), return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
            answer.cancel()
        await _finished(answer)

    return serve


async def _answer(app: SandboxApp, *, scope: Message, body: bytes, send: Send) -> None:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    connection: asyncio.Transport = scope["state"]["connection"]
    try:
        query = scope["query_string"].decode("latin-1")
        answer = await app.handle(method=scope["method"], path=scope["path"], query=query, headers=headers, body=body)
        raw_headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": raw_headers})
        async with aclosing(answer.chunks):
            async for chunk in answer.chunks:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    except ConnectionCut:
        connection.close()
        await _cancelled()
    except ConnectionReset:
        await asyncio.sleep(_BEFORE_RESET)
        _reset(connection)
        await _cancelled()


def _reset(connection: asyncio.Transport) -> None:
    """Makes the kernel send a RST in place of an orderly end."""
    sock: socket.socket = connection.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT_AT_ALL)
    connection.abort()


async def _body(receive: Receive) -> bytes | None:
    """The whole request body; of one that is too large, one byte more than is allowed, and the rest is thrown away.
    None if the client went away in the middle of it."""
    body, more = bytearray(), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        del body[MOST_BODY_BYTES + 1 :]
        more = message.get("more_body", False)
    return bytes(body)


async def _cancelled() -> None:
    """Waits to be cancelled: uvicorn finds fault with an app that returns before it has noticed that the connection is
    gone."""
    await asyncio.get_running_loop().create_future()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _finished(task: asyncio.Future[None]) -> None:
    """Waits until a cancelled task has cleaned up; raises what it raised."""
    await asyncio.wait((task,))
    if not task.cancelled():
        task.result()
