"""Asks a server what it offers, and brings the rows up to that."""

from __future__ import annotations

import asyncio

from asgiref.sync import async_to_sync

from agents.llm.errors import ToolFailed
from agents.mcp import reading
from agents.mcp.connection import Connection, connection_of
from agents.mcp.definition import Definition
from agents.mcp.session import talk
from agents.mcp_rows import McpServer

SECONDS = 30.0


def ask_for_tools(server: McpServer) -> reading.News:
    """ToolFailed, with a text for people, where it gives no answer: then nothing is changed. Not for an event loop."""
    return reading.keep(server.pk, async_to_sync(_offered)(connection_of(server)))


async def _offered(connection: Connection) -> dict[str, Definition]:
    try:
        async with asyncio.timeout(SECONDS):
            return await talk(connection, reading.offered_by)
    except TimeoutError:
        raise ToolFailed(f"{connection.name} did not answer within {SECONDS:g} seconds") from None


def in_words(news: reading.News) -> str:
    parts = [f"{news.read} tools"]
    for words, names in (("new", news.new), ("held back", news.changed), ("gone", news.missing)):
        if names:
            parts.append(f"{len(names)} {words}")
    return ", ".join(parts)
