"""However much a source sends, only so much of it is read, kept and told; memory stays bounded."""

from __future__ import annotations

import asyncio
import gzip
import json
import tracemalloc
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from pytest_django import Settings

from agents.llm.messages import ToolCall, ToolResult
from agents.llm.tools import SummarisedResult, ToolSet, run_tool
from agents.sources.fetch import BODY_LIMIT
from agents.threads import in_thread
from agents.tools.call_source import SHOWN, call_source
from tests.agents.sources.services import define

pytestmark = pytest.mark.django_db(transaction=True)

MEGABYTE = 1_000_000
MOST_MEMORY = 25 * MEGABYTE
"""Of an answer of 50 MB: 2 MB of it, a few times over while it is read, decoded and shown."""


@dataclass(kw_only=True)
class Flood:
    url: str = ""
    sent: int = 0


@asynccontextmanager
async def flooding(pieces: Iterable[bytes], *, kind: str = "text/plain", more: str = "") -> AsyncIterator[Flood]:
    """Sends `pieces` until nobody reads any more."""
    flood = Flood()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n{more}Connection: close\r\n\r\n".encode())
        try:
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                flood.sent += len(piece)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    flood.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield flood
    finally:
        server.close()


@pytest.fixture(autouse=True)
def _private_places_are_allowed(settings: Settings) -> None:
    settings.EGRESS_ALLOW_PRIVATE = ["127.0.0.0/8"]


async def read(url: str) -> ToolResult:
    await in_thread(define)(base_url=url)
    arguments = json.dumps({"source": "shop", "path": "/orders"})
    return await run_tool(ToolSet([call_source]), ToolCall(id="c", name="call_source", arguments=arguments))


async def test_fifty_megabytes_are_cut_early_marked_and_never_held() -> None:
    piece = b"x" * MEGABYTE
    async with flooding(piece for _ in range(50)) as flood:
        tracemalloc.start()
        try:
            result = await read(flood.url)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert isinstance(result, SummarisedResult)
    assert len(result.whole) <= BODY_LIMIT + 20
    assert result.whole.endswith("[Cut here]")
    assert "the answer was too large" in json.loads(result.text)["cut"]
    assert len(result.text) < SHOWN + 400
    assert flood.sent < 10 * MEGABYTE
    assert peak < MOST_MEMORY, f"{peak / MEGABYTE:.0f} MB"


async def test_a_million_lines_are_cut_and_the_model_reads_the_beginning() -> None:
    async with flooding([b"line\n" * 100_000] * 10) as flood:
        result = await read(flood.url)
    assert isinstance(result, SummarisedResult)
    assert len(result.whole) <= BODY_LIMIT + 20
    told = json.loads(result.text)
    assert told["shown"] == "the beginning"
    assert "cut" in told
    assert len(told["data"]) <= SHOWN


async def test_a_packed_bomb_is_not_unpacked() -> None:
    bomb = gzip.compress(b"\0" * 50 * MEGABYTE)
    async with flooding([bomb], kind="application/json", more="Content-Encoding: gzip\r\n") as flood:
        tracemalloc.start()
        try:
            result = await read(flood.url)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert not result.ok
    assert "packed its answer although it was asked not to" in result.text
    assert peak < MOST_MEMORY
