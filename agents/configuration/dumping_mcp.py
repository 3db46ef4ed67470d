"""MCP servers as blocks of a configuration file. What their tools look like is read from them, and not in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from agents.mcp_rows import McpGrant, McpServer

Block = tuple[str, Mapping[str, object]]

_PLAIN = ("slug", "name", "url", "enabled", "auth", "header_name", "header_scheme", "api_key", "headers")
_OAUTH2 = ("token_url", "client_id", "client_secret", "scope", "audience", "client_auth")


def mcp_blocks() -> Iterator[Block]:
    """Heads and values, in order."""
    for row in McpServer.objects.order_by("slug"):
        no_oauth2: dict[str, object] = {} if row.oauth2 else {"oauth2": {}}
        yield "[[mcp_server]]", {**{name: getattr(row, name) for name in _PLAIN}, **no_oauth2}
        if row.oauth2:
            yield "[mcp_server.oauth2]", {name: row.oauth2.get(name, "") for name in _OAUTH2}
        for grant in _grants(row):
            yield "[[mcp_server.grant]]", {"agent": grant.agent, "tool": grant.tool.name, "policy": grant.policy}


def _grants(server: McpServer) -> list[McpGrant]:
    grants = McpGrant.objects.filter(tool__server=server).select_related("tool")
    return list(grants.order_by("agent", "tool__name"))
