"""What a server offers -> rows. A tool that is no longer what an admin looked at is held back until one looks again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from agents.llm.clean_text import clean_text
from agents.llm.errors import ToolFailed
from agents.mcp.definition import Definition, definition_of, looked_at
from agents.mcp_rows import McpGrant, McpServer, McpTool

MOST_TOOLS = 500
MOST_PAGES = 50
_NAME_LENGTH = 200

Offered = Mapping[str, Definition]


@dataclass(frozen=True, kw_only=True)
class News:
    """What a reading brought, by the names of the tools."""

    read: int
    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


async def offered_by(client: Any) -> dict[str, Definition]:
    """All that a connected server offers now, page by page. ToolFailed where it does not end."""
    found: dict[str, Definition] = {}
    cursor: str | None = None
    for _ in range(MOST_PAGES):
        page = await client.list_tools(cursor=cursor)
        found |= {clean_text(tool.name): definition_of(tool) for tool in page.tools}
        cursor = page.next_cursor
        if cursor is None and len(found) <= MOST_TOOLS:
            return found
        if len(found) > MOST_TOOLS:
            break
    raise ToolFailed(f"the server offers more than {MOST_TOOLS} tools, which is more than can be chosen from")


@transaction.atomic
def keep(server: UUID, offered: Offered, *, now: datetime | None = None) -> News:
    """Bring the rows of `server` up to what it offers."""
    moment = now or timezone.now()
    rows = {row.name: row for row in McpTool.objects.select_for_update().filter(server=server)}
    granted = set(_granted(server))
    new = [name for name in offered if name not in rows and len(name) <= _NAME_LENGTH]
    for name in new:
        McpTool.objects.create(server_id=server, name=name, seen_at=moment, **offered[name].to_json())
    for name, row in rows.items():
        _bring_up(row, offered.get(name), is_granted=name in granted, moment=moment)
    McpServer.objects.filter(pk=server).update(read_at=moment)
    return News(
        read=len(offered),
        new=tuple(sorted(new)),
        changed=tuple(sorted(name for name, row in rows.items() if row.is_held_back)),
        missing=tuple(sorted(name for name, row in rows.items() if row.is_missing)),
    )


@transaction.atomic
def note(server: UUID, name: str, offered: Definition | None) -> None:
    """What a call has seen of one tool."""
    row = McpTool.objects.select_for_update().filter(server=server, name=name).first()
    if row is not None:
        _bring_up(row, offered, is_granted=True, moment=timezone.now())


def take_as_looked_at(row: McpTool) -> None:
    """An admin has seen what the server made of the tool: from now on that is what a model is told."""
    if row.offered is not None:
        _describe(row, Definition.from_json(row.offered))
        row.save()


def _bring_up(row: McpTool, offered: Definition | None, *, is_granted: bool, moment: datetime) -> None:
    if offered is None:
        row.is_missing = row.seen_at is not None
        row.save()
        return
    if row.seen_at is None or not is_granted:  # nobody has ever chosen it for what it was
        _describe(row, offered)
    else:
        row.offered = None if offered == looked_at(row) else offered.to_json()
    row.is_missing, row.seen_at = False, moment
    row.save()


def _describe(row: McpTool, definition: Definition) -> None:
    row.description, row.parameters = definition.description, dict(definition.parameters)
    row.says_read_only, row.offered = definition.says_read_only, None


def _granted(server: UUID) -> list[str]:
    chosen = McpGrant.objects.filter(tool__server=server).exclude(policy=McpGrant.Policy.OFF)
    return list(chosen.values_list("tool__name", flat=True))
