"""What an admin should know about what a file says, though it is no mistake."""

from __future__ import annotations

from collections.abc import Iterator

from agents.agent_sizes import warnings_on, why_impossible
from agents.configuration.schema import Configuration
from agents.mcp_rows import McpServer
from agents.models import Provider
from agents.provider_keys import has_credentials
from agents.roster import DEFAULT_AGENT, agent_named, shipped
from agents.secrets import hint


def notes(configuration: Configuration) -> Iterator[str]:
    """Of providers that are switched on, but cannot be called from here, MCP servers that were never asked, and agents
    that take too much."""
    slugs = [block.slug for block in configuration.provider]
    for row in Provider.objects.filter(slug__in=slugs, enabled=True):
        if not has_credentials(row):
            yield f"provider {row.slug} is not offered: {_why(row)}"
    servers = [block.slug for block in configuration.mcp_server]
    for server in McpServer.objects.filter(slug__in=servers, enabled=True, read_at=None):
        yield f"MCP server {server.slug} offers nothing yet: manage.py read_mcp_tools {server.slug} reads its tools"
    for block in configuration.agent:
        agent = agent_named(block.slug)
        base = shipped(block.based_on or block.slug) or DEFAULT_AGENT
        if agent is not None:
            yield from filter(None, [*warnings_on(agent, base=base), why_impossible(agent)])


def _why(row: Provider) -> str:
    if row.auth == Provider.Auth.OAUTH2:
        return f"its OAuth2 client secret: {hint(row.oauth2.get('client_secret', ''))}"
    return f"its key is {hint(row.api_key)}" if not row.api_key else f"its key: {hint(row.api_key)}"
