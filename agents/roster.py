"""The agents: which instructions (one file each in `prompts/`) and which tools.

Instructions hold no date and no name, so that every user of an agent shares one cacheable prefix.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

from agents.agent_copies import Copy, copies, copy_of
from agents.llm.tools import Tool, ToolSet
from agents.registry import sandbox
from agents.sources.catalogue import NONE, catalogue
from agents.tools.basics import basics
from agents.tools.call_source import call_source, knowing
from agents.tools.correlate import correlate
from agents.tools.datadog.toolbox import datadog_tools
from agents.tools.delegate import delegate
from agents.tools.mcp import with_mcp
from agents.tools.recall import recall

_PROMPTS = Path(__file__).parent / "prompts"


def _datadog() -> tuple[Tool, ...]:
    return datadog_tools(clock=time.time, company=lambda: sandbox().company)


def _answering() -> tuple[Tool, ...]:
    return (knowing(NONE), delegate)


def _correlating() -> tuple[Tool, ...]:
    return (knowing(NONE), correlate)


@lru_cache(maxsize=64)
def _knowing(own_tools: Callable[[], tuple[Tool, ...]], catalogue: str) -> Callable[[], tuple[Tool, ...]]:
    """`own_tools`, told of these sources. Kept, so that the same sources make the same agent, whose tokens are counted
    once."""
    told, name = knowing(catalogue), call_source.spec.name
    return lambda: tuple(told if tool.spec.name == name else tool for tool in own_tools())


@dataclass(frozen=True)
class Agent:
    """`own_tools` makes the tools that this agent has besides those that all have; those named in `without` it has not.
    `prompt` are its instructions where no file holds them."""

    slug: str
    name: str
    description: str
    starters: tuple[str, ...]
    own_tools: Callable[[], tuple[Tool, ...]] = tuple
    prompt: str = ""
    without: frozenset[str] = frozenset()

    @cached_property
    def instructions(self) -> str:
        return self.prompt or (_PROMPTS / f"{self.slug}.md").read_text().strip()

    @cached_property
    def tools(self) -> ToolSet:
        """Their sizes are the same for everybody; `agents.tools.recall.bound` lends them a conversation to read."""
        tools = (*basics(time.time), recall, *self.own_tools())
        return ToolSet(tool for tool in tools if tool.spec.name not in self.without)


ROSTER: tuple[Agent, ...] = (
    Agent(
        slug="smart",
        name="Smart Agent",
        description="Answers questions, reads your services, and hands tasks to the other two.",
        starters=(
            "Why are we seeing 500 errors in payment-service?",
            "Which orders disagree between orders and payments?",
            "How do you stay inside rate limits?",
        ),
        own_tools=_answering,
    ),
    Agent(
        slug="datadog-champion",
        name="Datadog Champion",
        description="Finds root causes in the logs, metrics, traces and deployments of your Datadog account.",
        starters=(
            "Why are we seeing 500 errors in payment-service?",
            "Which monitors alert right now, and since when?",
            "What changed in the last 2 hours?",
        ),
        own_tools=_datadog,
    ),
    Agent(
        slug="api-correlator",
        name="API Correlator",
        description="Joins the data of two or more services, and finds what is missing, wrong, late or double.",
        starters=(
            "Which orders disagree with their payments?",
            "Is every order reserved in the inventory?",
            "Which kinds of mismatch do you look for?",
        ),
        own_tools=_correlating,
    ),
)

DEFAULT_AGENT = ROSTER[0]


def equipped(agent: Agent) -> Agent:
    """`agent`, with tools that know the sources as they are now, and the MCP tools that it was granted. Reads rows: for
    a thread."""
    own_tools = agent.own_tools
    if agent.tools.get(call_source.spec.name) is not None:
        own_tools = _knowing(own_tools, catalogue())
    own_tools = with_mcp(own_tools, agent=agent.slug)
    return agent if own_tools is agent.own_tools else replace(agent, own_tools=own_tools)


def all_equipped() -> list[Agent]:
    """All that are `offered`, as `equipped`. Reads rows: for a thread."""
    return [equipped(agent) for agent in offered()]


def shipped(slug: str) -> Agent | None:
    return next((agent for agent in ROSTER if agent.slug == slug), None)


def agent_named(slug: str) -> Agent | None:
    """As it is now: an admin's copy, else as shipped. None where there is none, or it is switched off. Reads rows: for
    a thread."""
    copy = copy_of(slug)
    return shipped(slug) if copy is None else made_of(copy)


def offered() -> tuple[Agent, ...]:
    """All that can be chosen now, the default one first, then those that admins added. Reads rows: for a thread."""
    rows = {copy.slug: copy for copy in copies()}
    ours = [made_of(rows.pop(agent.slug)) if agent.slug in rows else agent for agent in ROSTER]
    added = [made_of(copy) for copy in rows.values()]
    return tuple(agent for agent in (*ours, *added) if agent is not None)


def default_agent() -> Agent:
    """What answers where none was chosen, as it is now. Reads rows: for a thread."""
    return agent_named(DEFAULT_AGENT.slug) or DEFAULT_AGENT


def names() -> dict[str, str]:
    """By slug, those that are switched off, too. Reads rows: for a thread."""
    edited = {copy.slug: copy.name for copy in copies() if copy.name}
    return {agent.slug: agent.name for agent in ROSTER} | edited


def made_of(copy: Copy) -> Agent | None:
    """The agent that `copy` asks for; None where it is switched off, or what it is based on is no longer shipped."""
    base = shipped(copy.based_on)
    return _edited(base, copy) if base is not None and copy.enabled else None


@lru_cache(maxsize=256)
def _edited(base: Agent, copy: Copy) -> Agent:
    """Kept, so that the same row makes the same agent, whose tokens are counted once."""
    return replace(
        base,
        slug=copy.slug,
        name=copy.name or base.name,
        description=copy.description or base.description,
        starters=copy.starters or base.starters,
        prompt=copy.instructions or base.instructions,
        without=base.without | copy.tools_off,
    )
