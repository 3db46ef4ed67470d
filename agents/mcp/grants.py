"""Which MCP tools an agent is given: granted, on a server that is switched on, and still what an admin looked at."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db.models import CharField

from agents.mcp.definition import Definition
from agents.mcp.names import wire_name
from agents.mcp.schema import schema_fault, sendable, shortened
from agents.mcp_rows import McpGrant, McpTool
from agents.prepared import Select, Slot

DESCRIPTION_SHOWN = 1_000
"""Characters of a tool's description that a model is told."""


@dataclass(frozen=True, kw_only=True)
class Granted:
    """`parameters` is JSON, so that grants can be compared and hashed. `asks`: the user is asked before each call."""

    agent: str
    server: UUID
    slug: str
    tool: str
    description: str
    parameters: str
    says_read_only: bool
    asks: bool

    @property
    def definition(self) -> Definition:
        return Definition(
            description=self.description,
            parameters=json.loads(self.parameters),
            says_read_only=self.says_read_only,
        )


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A tool as a model is told of it."""

    name: str
    description: str
    parameters: Mapping[str, Any]


def shown(*, server: str, tool: str, definition: Definition) -> Shown:
    return Shown(
        name=wire_name(server=server, tool=tool),
        description=shortened(definition.description, most=DESCRIPTION_SHOWN) or tool,
        parameters=sendable(definition.parameters),
    )


_ROWS = Select(
    lambda: (
        McpGrant.objects.filter(
            agent=Slot("agent", CharField()),
            policy__in=["ask", "allow"],
            tool__server__enabled=True,
            tool__offered__isnull=True,
            tool__is_missing=False,
            tool__seen_at__isnull=False,
        )
        .order_by("tool__server__slug", "tool__name")
        .values_list(
            "tool__server_id",
            "tool__server__slug",
            "tool__name",
            "tool__description",
            "tool__parameters",
            "tool__says_read_only",
            "policy",
        )
    )
)


def granted_to(agent: str) -> tuple[Granted, ...]:
    """In one order, so that the same rows make the same tools. Reads rows: for a thread."""
    return _usable(_ROWS.all(agent=agent), agent=agent)


def _usable(rows: Iterable[tuple[Any, ...]], *, agent: str) -> tuple[Granted, ...]:
    made = (
        Granted(
            agent=agent,
            server=server,
            slug=slug,
            tool=tool,
            description=description,
            parameters=json.dumps(parameters, sort_keys=True),
            says_read_only=says_read_only,
            asks=policy == McpGrant.Policy.ASK,
        )
        for server, slug, tool, description, parameters, says_read_only, policy in rows
    )
    return tuple(one for one in made if not _fault(one.parameters))


@lru_cache(maxsize=512)
def _fault(parameters: str) -> str:
    return schema_fault(json.loads(parameters))


def why_not(row: McpTool) -> str:
    """Why nobody is given the tool now, whatever was chosen; "" where nothing stands against it."""
    if row.seen_at is None:
        return "its description has not been read yet"
    if row.is_missing:
        return "the server does not offer it any more"
    if row.is_held_back:
        return "the server describes it otherwise than it did when it was chosen"
    return schema_fault(row.parameters)
