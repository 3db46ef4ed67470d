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
from agents.tools.delegate import delegate
from agents.tools.recall import recall

_PROMPTS = Path(__file__).parent / "prompts"


def _datadog() -> tuple[Tool, ...]:
    return datadog_tools(clock=time.time, company=lambda: sandbox().company)


@lru_cache(maxsize=8)
def _answering(catalogue: str) -> Callable[[], tuple[Tool, ...]]:
    """Kept, so that the same sources make the same agent, whose tokens are counted once."""
    return lambda: (knowing(catalogue), delegate)


@lru_cache(maxsize=8)
def _correlating(catalogue: str) -> Callable[[], tuple[Tool, ...]]:
    return lambda: (knowing(catalogue), correlate)


_KNOWING_SOURCES = {"smart": _answering, "api-correlator": _correlating}


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
        description="Answers questions, reads your services, and hands tasks to the other two.",
        starters=(
            "Why are we seeing 500 errors in payment-service?",
            "Which orders disagree between orders and payments?",
            "How do you stay inside rate limits?",
        ),
        own_tools=_answering(NONE),
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
    """`agent`, with tools that know the sources as they are now. Reads rows: for a thread."""
    knowing_sources = _KNOWING_SOURCES.get(agent.slug)
    return agent if knowing_sources is None else replace(agent, own_tools=knowing_sources(catalogue()))


def agent_named(slug: str) -> Agent | None:
    return next((agent for agent in ROSTER if agent.slug == slug), None)
