"""What the MCP tools of an agent cost: tokens that every call of it carries, before anybody says a word."""

from __future__ import annotations

from collections.abc import Sequence

from agents.llm.messages import ToolSpec
from agents.llm.tokens import TokenCounter
from agents.mcp.definition import Definition
from agents.mcp.grants import shown
from agents.model_counter import counter_of
from agents.models import LanguageModel
from agents.roster import Agent, agent_named


def mcp_tokens(agent: Agent, counter: TokenCounter) -> int:
    """`agent` is equipped. 0 where it has none."""
    shipped = agent_named(agent.slug)
    own = {spec.name for spec in shipped.tools.specs} if shipped else set()
    without = [spec for spec in agent.tools.specs if spec.name in own]
    if len(without) == len(agent.tools.specs):
        return 0
    return counter.tools(agent.tools.specs) - counter.tools(without)


def mcp_tokens_by_agent(model: LanguageModel, *, roster: Sequence[Agent]) -> list[tuple[Agent, int]]:
    """Of the agents of an equipped `roster` that have any, on `model`."""
    counter = counter_of(model)
    costs = [(agent, mcp_tokens(agent, counter)) for agent in roster]
    return [(agent, tokens) for agent, tokens in costs if tokens]


def most_mcp_tokens(*, roster: Sequence[Agent]) -> list[tuple[Agent, int]]:
    """Of every agent, on that model which is switched on and counts the most. Reads rows: for a thread."""
    counters = _counters()
    return [(agent, max((mcp_tokens(agent, counter) for counter in counters), default=0)) for agent in roster]


def tool_tokens(server: str, tool: str, definition: Definition) -> int:
    """What one tool adds to a call, on the model that counts the most."""
    told = shown(server=server, tool=tool, definition=definition)
    spec = ToolSpec(name=told.name, description=told.description, parameters=told.parameters)
    return max((counter.tools([_ANOTHER, spec]) - counter.tools([_ANOTHER]) for counter in _counters()), default=0)


def _counters() -> set[TokenCounter]:
    rows = LanguageModel.objects.filter(enabled=True, provider__enabled=True).select_related("provider")
    return {counter_of(row) for row in rows}


_ANOTHER = ToolSpec(name="another", description="Another.")
