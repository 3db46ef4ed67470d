"""A service on this machine that says what a test wants, and keeps what it was asked."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from agents.models import HttpSource


@dataclass(kw_only=True)
class Service:
    """`asked` holds the head of each request, `bodies` its body."""

    url: str = ""
    asked: list[str] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)

    @property
    def lines(self) -> list[str]:
        return [head.splitlines()[0] for head in self.asked]


def says(body: bytes | str, *, status: str = "200 OK", kind: str = "application/json", more: str = "") -> bytes:
    data = body.encode() if isinstance(body, str) else body
    length = f"Content-Length: {len(data)}\r\nConnection: close\r\n"
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{length}{more}\r\n".encode() + data


@asynccontextmanager
async def service(answer: bytes) -> AsyncIterator[Service]:
    made = Service()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
        made.bodies.append((await reader.readexactly(int(length[1]))).decode() if length else "")
        made.asked.append(head)
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        server.close()


def define(**values: Any) -> HttpSource:
    usual = {"slug": "shop", "name": "Shop", "allowed_paths": "/orders\n/orders/*"}
    return HttpSource.objects.create(**{**usual, **values})
