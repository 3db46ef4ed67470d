"""A real HTTP server on 127.0.0.1 that plays what a test wrote down, accidents of the connection included."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

Accident = Literal["cut", "reset", "stall"]
"""cut: closed without the last chunk · reset: a TCP RST · stall: silence until the client goes."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One response. The pieces of a chunked body are sent one by one; `accident` comes after the last of them."""

    pieces: tuple[bytes, ...] = ()
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "text/event-stream; charset=utf-8"})
    accident: Accident | None = None


@dataclass(frozen=True, kw_only=True)
class Received:
    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]


class ScriptedServer:
    """Plays one `Answer` per request, in the order they were written."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.connections = 0
        self.client_left = asyncio.Event()
        self.waiting = asyncio.Event()
        self.url = ""
        self._answers: deque[Answer] = deque()

    def play(self, *pieces: bytes, **more: Any) -> None:
        self._answers.append(Answer(pieces=pieces, **more))

    def play_json(self, body: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        kind = {"content-type": "application/json"}
        self.play(json.dumps(body).encode(), status=status, headers=kind | dict(headers or {}))

    @property
    def body(self) -> dict[str, Any]:
        """What the last request carried."""
        return self.received[-1].body

    @asynccontextmanager
    async def running(self) -> AsyncIterator[ScriptedServer]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await self._exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            self.client_left.set()
        finally:
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        self.received.append(await _read_request(reader))
        answer = self._answers.popleft()
        writer.write(_head(answer))
        for piece in filter(None, answer.pieces):  # an empty chunk would end the body
            writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            await writer.drain()
        if answer.accident is None:
            writer.write(b"0\r\n\r\n")
            await writer.drain()
            return True
        await self._happen(answer.accident, reader, writer)
        return False

    async def _happen(self, accident: Accident, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if accident == "stall":
            self.waiting.set()
            await reader.read(1)
            self.client_left.set()
        elif accident == "reset":
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


def _head(answer: Answer) -> bytes:
    headers = {"transfer-encoding": "chunked"} | dict(answer.headers)
    lines = [f"HTTP/1.1 {answer.status} X", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


async def _read_request(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Received(path=first.split(" ")[1], headers=headers, body=json.loads(body or b"{}"))
