"""The choices on the page of a server's tools: for each tool and agent whether it is offered, and how."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from agents.mcp.choices import OFF, chosen
from agents.mcp.definition import Definition, looked_at
from agents.mcp.grants import DESCRIPTION_SHOWN, why_not
from agents.mcp.schema import schema_fault, shortened
from agents.mcp_cost import tool_tokens
from agents.mcp_rows import McpGrant, McpServer, McpTool
from agents.roster import offered


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One agent's select. `agent` is its name."""

    field: str
    agent: str
    policy: str


@dataclass(frozen=True, kw_only=True)
class ToolCard:
    """A tool as it is shown. `digest` tells which description was on the page."""

    row: McpTool
    said: str
    parameters: str
    tokens: int
    stands_against: str
    offered: str
    digest: str
    choices: tuple[Choice, ...]


class ToolsForm:
    """`faults` are sentences; with any, nothing is to be saved. `wanted` are policies by (tool, agent), `looked_at` the
    tools whose change was accepted. An agent that is switched off is not asked about, and keeps what it has."""

    policies = McpGrant.Policy.choices

    def __init__(self, server: McpServer, data: Mapping[str, str] | None = None) -> None:
        self.server = server
        self.faults: list[str] = []
        self.wanted: dict[tuple[UUID, str], str] = {}
        self.looked_at: list[McpTool] = []
        self._rows = list(server.tools.all())
        self._now = chosen(server)
        self._agents = {agent.slug: agent.name for agent in offered()}
        if data is not None:
            for row in self._rows:
                self._take(row, data)

    @property
    def cards(self) -> list[ToolCard]:
        """What an admin has to look at first, then what is chosen, then the rest."""
        return sorted((self._card(row) for row in self._rows), key=self._order)

    def _take(self, row: McpTool, data: Mapping[str, str], /) -> None:
        policies = {agent: data.get(_field(row, agent)) for agent in self._agents}
        given = {agent: policy for agent, policy in policies.items() if policy is not None}
        if any(policy not in McpGrant.Policy.values for policy in given.values()):
            self.faults.append(f"{row.name}: choose one of what is offered.")
            return
        is_accepted = f"looked-{row.pk}" in data
        differs = {agent for agent, policy in given.items() if policy != self._now.get((row.pk, agent), OFF)}
        if (differs or is_accepted) and data.get(f"seen-{row.pk}") != _digest(row):
            self.faults.append(f"{row.name} has changed since this page was opened. Look at it again, then save.")
        self.wanted |= {(row.pk, agent): policy for agent, policy in given.items()}
        if is_accepted and row.is_held_back:
            self.looked_at.append(row)

    def _card(self, row: McpTool) -> ToolCard:
        definition = looked_at(row)
        return ToolCard(
            row=row,
            said=shortened(definition.description, most=DESCRIPTION_SHOWN),
            parameters=_pretty(definition),
            tokens=0 if schema_fault(row.parameters) else tool_tokens(self.server.slug, row.name, definition),
            stands_against=why_not(row),
            offered=_offered(row),
            digest=_digest(row),
            choices=tuple(self._choice(row, agent, name=name) for agent, name in self._agents.items()),
        )

    def _choice(self, row: McpTool, agent: str, /, *, name: str) -> Choice:
        key = (row.pk, agent)
        policy = self.wanted.get(key, self._now.get(key, OFF))
        return Choice(field=_field(row, agent), agent=name, policy=policy)

    def _order(self, card: ToolCard) -> tuple[bool, bool, str]:
        is_chosen = any(choice.policy != OFF for choice in card.choices)
        return not (card.row.is_held_back and is_chosen), not is_chosen, card.row.name


def _field(row: McpTool, agent: str, /) -> str:
    return f"policy-{row.pk}-{agent}"


def _digest(row: McpTool) -> str:
    shown = json.dumps([looked_at(row).to_json(), row.offered], sort_keys=True)
    return sha256(shown.encode()).hexdigest()[:16]


def _pretty(definition: Definition) -> str:
    return json.dumps(dict(definition.parameters), indent=2, ensure_ascii=False)


def _offered(row: McpTool) -> str:
    """What the server has made of it, in full: whatever hides at its end is what to look for."""
    if row.offered is None:
        return ""
    now, before = Definition.from_json(row.offered), looked_at(row)
    parts = [f"Description:\n{now.description}"] if now.description != before.description else []
    parts += [f"Parameters:\n{_pretty(now)}"] if now.parameters != before.parameters else []
    if now.says_read_only != before.says_read_only:
        parts.append("It says that it only reads." if now.says_read_only else "It no longer says that it only reads.")
    return "\n\n".join(parts)
