"""MCP servers as blocks of a configuration file. What their tools look like is read from them, and not in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from agents.configuration.dumped_blocks import no_oauth2, oauth2_of
from agents.mcp_rows import McpGrant, McpServer
from agents.roster import names

Block = tuple[str, Mapping[str, object]]

_PLAIN = ("slug", "name", "url", "enabled", "auth", "header_name", "header_scheme", "api_key", "headers")


def mcp_blocks() -> Iterator[Block]:
    """Heads and values, in order."""
    for row in McpServer.objects.order_by("slug"):
        yield "[[mcp_server]]", {**{name: getattr(row, name) for name in _PLAIN}, **no_oauth2(row.oauth2)}
        if row.oauth2:
            yield "[mcp_server.oauth2]", oauth2_of(row.oauth2)
        for grant in _grants(row):
            yield "[[mcp_server.grant]]", {"agent": grant.agent, "tool": grant.tool.name, "policy": grant.policy}


def _grants(server: McpServer) -> list[McpGrant]:
    """An agent that was deleted may have left some, which nobody has and no file may name."""
    grants = McpGrant.objects.filter(tool__server=server, agent__in=names()).select_related("tool")
    return list(grants.order_by("agent", "tool__name"))
