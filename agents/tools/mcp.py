"""The tools of MCP servers, as an agent is given them. The answer of a server is data, like that of any other tool."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from functools import cache, lru_cache, partial
from typing import Any

from agents.llm import consent
from agents.llm.consent import ConsentRequest
from agents.llm.errors import ToolFailed
from agents.llm.messages import ToolSpec
from agents.llm.tools import Tool
from agents.mcp import reading
from agents.mcp.connection import Connection, connection_to
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
    """Where the user is to be asked, it counts as a tool that changes something, and runs as it was shown."""
    told = shown(server=granted.slug, tool=granted.tool, definition=granted.definition)
    spec = ToolSpec(name=told.name, description=told.description, parameters=told.parameters)
    if not granted.asks:
        return Tool(spec=spec, run=partial(_run, granted), timeout=SECONDS)
    return Tool(spec=spec, run=_unasked, timeout=SECONDS, side_effects=True, consent=partial(_consent, granted))


async def _run(granted: Granted, arguments: Mapping[str, Any]) -> object:
    return await _answered(granted, await in_thread(connection_to)(granted.server), arguments)


async def _unasked(arguments: Mapping[str, Any]) -> object:
    raise ToolFailed(consent.NOBODY_TO_ASK)  # What was allowed runs as it was shown, by `_consent`.


async def _consent(granted: Granted, arguments: Mapping[str, Any]) -> ConsentRequest:
    """The tool, the server with its address, and every argument; only that is then called."""
    before = await in_thread(_standing)(granted)
    request = _request(granted, before, arguments)

    async def run() -> object:
        now = await in_thread(_standing)(granted)
        if _request(granted, now, arguments) != request:
            raise ToolFailed(_MOVED)
        return await _answered(granted, now, arguments)

    return ConsentRequest(title=f"Run {_line(granted.tool)} at {_line(before.name)}", request=request, run=run)


def _standing(granted: Granted) -> Connection:
    """Where it is called now. ToolFailed unless the agent still has the tool just as it was given. Reads rows: for a
    thread."""
    if granted not in granted_to(granted.agent):
        raise ToolFailed(_TAKEN)
    return connection_to(granted.server)


def _request(granted: Granted, connection: Connection, arguments: Mapping[str, Any], /) -> str:
    """Never what signs the call."""
    whole = consent.whole_call(granted.tool, arguments).request
    return f"{_line(granted.tool)} at {_line(connection.name)}\n{connection.url}\n\n{whole}"


def _line(text: str, /) -> str:
    """A name of a server's making must not look like another line."""
    return text if text.isprintable() else json.dumps(text)


async def _answered(granted: Granted, connection: Connection, arguments: Mapping[str, Any], /) -> object:
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


_TAKEN = (
    "an admin has changed this tool, or what this agent may do with it, since the turn began, so nothing was called. "
    "Go on without it"
)
_MOVED = "the server was changed after the user was asked, so nothing was called; ask again"
_GONE = "the server does not offer this tool any more, so nothing was called. Go on without it"
_CHANGED = (
    "the server now describes this tool otherwise than when an admin allowed it. It is held back until an admin has "
    "looked at the change under MCP servers, and nothing was called. Go on without it"
)
