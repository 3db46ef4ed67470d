"""Desired MCP servers and grants against the rows that are there. A tool that was never read is noted by its name, and
offered once the server was asked what it is."""

from __future__ import annotations

from collections.abc import Collection

from agents.configuration.changes import Plan
from agents.configuration.plan_secrets import planned_oauth2, planned_secret, refuse_to_follow, refuse_to_follow_oauth2
from agents.configuration.refusal import Path
from agents.configuration.schema import McpGrantBlock, McpServerBlock
from agents.configuration.stock_mcp import McpStock
from agents.mcp_rows import McpGrant, McpServer, McpTool
from agents.secrets import is_outside

_PLAIN = ("name", "url", "header_name", "header_scheme", "headers", "enabled")


def plan_mcp_server(block: McpServerBlock, *, path: Path, stock: McpStock, agents: Collection[str], plan: Plan) -> None:
    """The server, then the tools that it names, then their grants. `agents` are the slugs of those that there are."""
    found = stock.servers.get(block.slug)
    row = stock.servers[block.slug] = found or McpServer(slug=block.slug, name=block.slug)
    wanted: dict[str, object] = {key: getattr(block, key) if block.says(key) else getattr(row, key) for key in _PLAIN}
    wanted["oauth2"] = planned_oauth2(block.oauth2, said=block.says("oauth2"), now=row.oauth2, path=path, plan=plan)
    wanted["api_key"] = planned_secret(block.api_key, now=row.api_key, path=(*path, "api_key"), plan=plan)
    wanted["auth"] = _auth(block, row=row)
    _refuse_to_follow(block, path=path, row=row, plan=plan)
    _check(wanted, path=path, plan=plan)
    plan.row(row, path=path, label=f"MCP server {block.slug}", created=found is None, wanted=wanted)
    for number, grant in enumerate(block.grant):
        place: Path = (*path, "grant", number)
        if grant.agent in agents:
            _plan_grant(grant, path=place, server=row, stock=stock, plan=plan)
        else:
            plan.refuse((*place, "agent"), f"must be one of {', '.join(agents)}")


def _plan_grant(block: McpGrantBlock, *, path: Path, server: McpServer, stock: McpStock, plan: Plan) -> None:
    label = f"MCP tool {server.slug}/{block.tool}"
    tool = stock.tools.get((server.slug, block.tool))
    if tool is None:
        tool = stock.tools[server.slug, block.tool] = McpTool(server=server)
        plan.row(tool, path=path, label=label, created=True, wanted={"name": block.tool})
    key = (server.slug, block.tool, block.agent)
    found = stock.grants.get(key)
    row = stock.grants[key] = found or McpGrant(tool=tool, agent=block.agent)
    wanted: dict[str, object] = {"policy": block.policy}
    plan.row(row, path=path, label=f"{label} for {block.agent}", created=found is None, wanted=wanted)


def _auth(block: McpServerBlock, *, row: McpServer) -> str:
    if block.auth is not None:
        return block.auth
    if block.oauth2 is not None:
        return McpServer.Auth.OAUTH2
    if block.api_key is not None:
        return McpServer.Auth.HEADER if block.api_key.get_secret_value() else McpServer.Auth.NONE
    return row.auth


def _check(wanted: dict[str, object], *, path: Path, plan: Plan) -> None:
    if not wanted["url"]:
        plan.refuse((*path, "url"), "is missing")
    if wanted["auth"] == McpServer.Auth.OAUTH2 and not wanted["oauth2"]:
        plan.refuse((*path, "auth"), "oauth2 needs a table [mcp_server.oauth2]")
    if wanted["auth"] == McpServer.Auth.HEADER and not (wanted["api_key"] and wanted["header_name"]):
        plan.refuse((*path, "auth"), "header needs an api_key and a header_name")


def _refuse_to_follow(block: McpServerBlock, *, path: Path, row: McpServer, plan: Plan) -> None:
    """`row` is as it is stored. Its headers may refer to secrets, too."""
    before, now = [row.url], [row.url if block.url is None else block.url]
    place: Path = (*path, "url")
    refuse_to_follow("api_key", block.api_key, held=row.api_key, before=before, now=now, path=place, plan=plan)
    refuse_to_follow_oauth2(
        block.oauth2,
        said=block.says("oauth2"),
        held=row.oauth2,
        before=before,
        now=now,
        path=path,
        plan=plan,
        field="url",
    )
    if block.headers is None:
        for name, value in row.headers.items():
            held = value if is_outside(value) else ""
            refuse_to_follow(f"header {name}", None, held=held, before=before, now=now, path=place, plan=plan)
