"""What an admin chose for a server: which agent may use which tool, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from agents.mcp_rows import McpGrant, McpServer

Chosen = Mapping[tuple[UUID, str], str]
"""Policies by (tool, agent)."""

OFF = McpGrant.Policy.OFF


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A policy that changed. `tool` is its name."""

    tool: str
    agent: str
    before: str
    after: str


def chosen(server: McpServer) -> dict[tuple[UUID, str], str]:
    """What is not `off`, or was chosen to be."""
    grants = McpGrant.objects.filter(tool__server=server)
    return {(grant.tool_id, grant.agent): grant.policy for grant in grants}


@transaction.atomic
def choose(server: McpServer, wanted: Chosen) -> list[Choice]:
    """What was changed by it. What `wanted` does not name stays."""
    names = dict(server.tools.select_for_update().values_list("pk", "name"))
    now = chosen(server)
    changes = []
    for (tool, agent), policy in wanted.items():
        before = now.get((tool, agent), OFF)
        if tool not in names or policy == before:
            continue
        McpGrant.objects.update_or_create(tool_id=tool, agent=agent, defaults={"policy": policy})
        changes.append(Choice(tool=names[tool], agent=agent, before=before, after=policy))
    return changes
