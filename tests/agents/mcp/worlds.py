"""Servers as rows, their tools read, and agents that are given them."""

from __future__ import annotations

import json
from typing import Any

from agents.llm.messages import ToolCall, ToolResult
from agents.llm.tools import ToolSet, run_tool
from agents.mcp import reading
from agents.mcp.connection import connection_of
from agents.mcp.grants import granted_to
from agents.mcp.session import talk
from agents.mcp_rows import McpGrant, McpServer, McpTool
from agents.threads import in_thread
from agents.tools.mcp import tool_of


async def connected(url: str, *, slug: str = "ref", **values: Any) -> McpServer:
    """A server whose tools were read."""
    row = await in_thread(McpServer.objects.create)(slug=slug, name=f"Server {slug}", url=url, **values)
    await read(row)
    return row


async def read(row: McpServer) -> reading.News:
    connection = await in_thread(connection_of)(row)
    offered = await talk(connection, reading.offered_by)
    return await in_thread(reading.keep)(row.pk, offered)


async def granted(row: McpServer, name: str, *, agent: str = "smart", policy: str = "allow") -> McpGrant:
    return await in_thread(_grant)(row, name, agent=agent, policy=policy)


def _grant(row: McpServer, name: str, *, agent: str, policy: str) -> McpGrant:
    tool = McpTool.objects.get(server=row, name=name)
    return McpGrant.objects.update_or_create(tool=tool, agent=agent, defaults={"policy": policy})[0]


async def toolset(agent: str = "smart") -> ToolSet:
    return ToolSet(map(tool_of, await in_thread(granted_to)(agent)))


async def use(name: str, *, timeout: float | None = None, **arguments: Any) -> ToolResult:  # noqa: ASYNC109
    call = ToolCall(id="c", name=name, arguments=json.dumps(arguments))
    return await run_tool(await toolset(), call, timeout=timeout)
