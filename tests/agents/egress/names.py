"""A DNS that says what a test wants, and a place on this machine that counts who comes."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from agents.egress.guard import Resolver


def answering(*addresses: str) -> Resolver:
    """Every name has these addresses."""
    return changing(addresses)


def changing(*answers: Sequence[str]) -> Resolver:
    """The first look-up gets the first answer, and so on; the last answer stays."""
    left = list(answers)

    async def resolve(*, host: str, port: int) -> Sequence[str]:
        await asyncio.sleep(0)
        return left.pop(0) if len(left) > 1 else left[0]

    return resolve


@dataclass(kw_only=True)
class Place:
    """`heard` holds what each connection said first."""

    port: int
    connections: int = 0
    heard: list[bytes] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)


@asynccontextmanager
async def asking(
    answer: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
    *,
    tls: ssl.SSLContext | None = None,
    again: bool = False,
) -> AsyncIterator[Place]:
    """Listens on 127.0.0.1, reads the head of a request, answers, and closes; with `again`, reads the next one."""
    place = Place(port=0)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        place.connections += 1
        try:
            while True:
                place.heard.append(await reader.readuntil(b"\r\n\r\n"))
                writer.write(answer)
                await writer.drain()
                if not again:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    if tls is not None:
        tls.sni_callback = lambda connection, name, context: place.names.append(name)
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    place.port = server.sockets[0].getsockname()[1]
    try:
        yield place
    finally:
        server.close()
