"""The tools of MCP servers, as an agent is given them. The answer of a server is data, like that of any other tool."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import cache, lru_cache, partial
from typing import Any

from agents.llm.errors import ToolFailed
from agents.llm.messages import ToolSpec
from agents.llm.tools import Tool
from agents.mcp import reading
from agents.mcp.connection import connection_to
from agents.mcp.content import answer
from agents.mcp.grants import Granted, granted_to, shown
from agents.mcp.session import talk
from agents.threads import in_thread

SECONDS = 60.0

OwnTools = Callable[[], tuple[Tool, ...]]


def with_mcp(own_tools: OwnTools, *, agent: str) -> OwnTools:
    """`own_tools` and those that the agent was granted; the very same where it has none. Reads rows: for a thread."""
    granted = granted_to(agent)
    return _joined(own_tools, granted) if granted else own_tools


@lru_cache(maxsize=32)
def _joined(own_tools: OwnTools, granted: tuple[Granted, ...]) -> OwnTools:
    """Kept, so that the same grants make the same agent, whose tokens are counted once."""
    return cache(lambda: (*own_tools(), *map(tool_of, granted)))


def tool_of(granted: Granted) -> Tool:
    """Where the user is to be asked, it counts as a tool that changes something."""
    told = shown(server=granted.slug, tool=granted.tool, definition=granted.definition)
    spec = ToolSpec(name=told.name, description=told.description, parameters=told.parameters)
    return Tool(spec=spec, run=partial(_run, granted), timeout=SECONDS, side_effects=granted.asks)


async def _run(granted: Granted, arguments: Mapping[str, Any]) -> object:
    connection = await in_thread(connection_to)(granted.server)
    conceal = connection.concealed
    result = await talk(connection, partial(_call, granted, arguments=dict(arguments)))
    return await asyncio.to_thread(answer, result, server=granted.slug, conceal=conceal)


async def _call(granted: Granted, client: Any, *, arguments: dict[str, Any]) -> Any:
    """The server's answer, if the tool still is what an admin looked at. A server may change it at any time."""
    offered = (await reading.offered_by(client)).get(granted.tool)
    if offered != granted.definition:
        await in_thread(reading.note)(granted.server, granted.tool, offered)
        raise ToolFailed(_GONE if offered is None else _CHANGED)
    return await client.call_tool(granted.tool, arguments)


_GONE = "the server does not offer this tool any more, so nothing was called. Go on without it"
_CHANGED = (
    "the server now describes this tool otherwise than when an admin allowed it. It is held back until an admin has "
    "looked at the change under MCP servers, and nothing was called. Go on without it"
)
