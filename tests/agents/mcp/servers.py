"""Servers on the SDK's own server side, in a thread, that do what the reference server does not."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
import uvicorn
from mcp.server import MCPServer

from tests.agents.sandbox.stage import until


@dataclass(kw_only=True)
class Served:
    """`seen` holds method, headers and message of each request."""

    tools: MCPServer
    url: str = ""
    seen: list[tuple[str, dict[str, str], dict[str, Any]]] = field(default_factory=list)
    refuses: Callable[[str, dict[str, str], dict[str, Any]], tuple[int, dict[str, str]] | None] = (
        lambda method, headers, message: None
    )
    """Status and headers of a refusal, None to let a request in."""

    @property
    def asked(self) -> list[str]:
        return [message.get("method", method) for method, _, message in self.seen]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        body = await _body(receive) if scope["method"] == "POST" else b""
        message = orjson.loads(body) if body else {}
        self.seen.append((scope["method"], headers, message))
        refusal = self.refuses(scope["method"], headers, message)
        if refusal is None:
            await self._app(scope, _replaying(body, receive), send)
            return
        status, more = refusal
        lines = [(name.encode(), value.encode()) for name, value in more.items()]
        await send({"type": "http.response.start", "status": status, "headers": lines})
        await send({"type": "http.response.body", "body": b""})

    def __post_init__(self) -> None:
        self._app: Any = self.tools.streamable_http_app()


@asynccontextmanager
async def served(tools: MCPServer) -> AsyncIterator[Served]:
    made = Served(tools=tools)
    config = uvicorn.Config(made, host="127.0.0.1", port=0, log_level="critical", timeout_graceful_shutdown=0)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        await until(lambda: server.started)
        made.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/mcp"
        yield made
    finally:
        server.should_exit = server.force_exit = True
        thread.join(timeout=10)


async def _body(receive: Any) -> bytes:
    whole = bytearray()
    while True:
        event = await receive()
        whole += event.get("body", b"")
        if not event.get("more_body"):
            return bytes(whole)


def _replaying(body: bytes, receive: Any) -> Any:
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Any:
        return waiting.pop() if waiting else await receive()

    return replay
