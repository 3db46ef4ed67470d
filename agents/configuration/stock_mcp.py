"""The MCP servers that a configuration file speaks of, their tools and who may use them."""

from __future__ import annotations

from dataclasses import dataclass, field

from agents.mcp_rows import McpGrant, McpServer, McpTool


@dataclass(kw_only=True)
class McpStock:
    """Rows as they are, and the new ones once they are planned: tools by (server's slug, name), grants by those and the
    agent's slug."""

    servers: dict[str, McpServer] = field(default_factory=dict)
    tools: dict[tuple[str, str], McpTool] = field(default_factory=dict)
    grants: dict[tuple[str, str, str], McpGrant] = field(default_factory=dict)


def read_mcp_stock() -> McpStock:
    servers = McpServer.objects.select_for_update()
    tools = McpTool.objects.select_related("server")
    grants = McpGrant.objects.select_related("tool__server")
    return McpStock(
        servers={row.slug: row for row in servers},
        tools={(row.server.slug, row.name): row for row in tools},
        grants={(row.tool.server.slug, row.tool.name, row.agent): row for row in grants},
    )
