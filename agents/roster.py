"""The agents: which instructions (one file each in `prompts/`) and which tools.

Instructions hold no date and no name, so that every user of an agent shares one cacheable prefix.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

from agents.llm.tools import Tool, ToolSet
from agents.registry import sandbox
from agents.sources.catalogue import NONE, catalogue
from agents.tools.basics import basics
from agents.tools.call_source import knowing
from agents.tools.correlate import correlate
from agents.tools.datadog.toolbox import datadog_tools
from agents.tools.mcp import with_mcp
from agents.tools.recall import recall

_PROMPTS = Path(__file__).parent / "prompts"


def _datadog() -> tuple[Tool, ...]:
    return datadog_tools(clock=time.time, company=lambda: sandbox().company)


@lru_cache(maxsize=8)
def _correlating(catalogue: str) -> Callable[[], tuple[Tool, ...]]:
    """Kept, so that the same sources make the same agent, whose tokens are counted once."""
    return lambda: (knowing(catalogue), correlate)


@dataclass(frozen=True)
class Agent:
    """`own_tools` makes the tools that this agent has besides those that all have."""

    slug: str
    name: str
    description: str
    starters: tuple[str, str, str]
    own_tools: Callable[[], tuple[Tool, ...]] = tuple

    @cached_property
    def instructions(self) -> str:
        return (_PROMPTS / f"{self.slug}.md").read_text().strip()

    @cached_property
    def tools(self) -> ToolSet:
        """Their sizes are the same for everybody; `agents.tools.recall.bound` lends them a conversation to read."""
        return ToolSet((*basics(time.time), recall, *self.own_tools()))


ROSTER: tuple[Agent, ...] = (
    Agent(
        slug="smart",
        name="Smart Agent",
        description="Answers questions, and uses its tools where they help.",
        starters=("What can you do?", "How do you stay inside rate limits?", "What is (17.5 % of 8,192) rounded up?"),
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
        own_tools=_correlating(NONE),
    ),
)

DEFAULT_AGENT = ROSTER[0]


def equipped(agent: Agent) -> Agent:
    """`agent`, with tools that know the sources as they are now, and the MCP tools that it was granted. Reads rows: for
    a thread."""
    knowing = agent if agent.tools.get("call_source") is None else replace(agent, own_tools=_correlating(catalogue()))
    own_tools = with_mcp(knowing.own_tools, agent=agent.slug)
    return knowing if own_tools is knowing.own_tools else replace(knowing, own_tools=own_tools)


def all_equipped() -> list[Agent]:
    """Everybody in the roster, as `equipped`. Reads rows: for a thread."""
    return [equipped(agent) for agent in ROSTER]


def agent_named(slug: str) -> Agent | None:
    return next((agent for agent in ROSTER if agent.slug == slug), None)
