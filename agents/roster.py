"""The agents: which instructions (one file each in `prompts/`) and which tools.

Instructions hold no date and no name, so that every user of an agent shares one cacheable prefix.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from agents.llm.tools import Tool, ToolSet
from agents.registry import sandbox
from agents.tools.basics import basics
from agents.tools.datadog.toolbox import datadog_tools
from agents.tools.recall import recall

_PROMPTS = Path(__file__).parent / "prompts"


def _datadog() -> tuple[Tool, ...]:
    return datadog_tools(clock=time.time, company=lambda: sandbox().company)


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
        description="Finds mismatches between the API responses that you paste.",
        starters=(
            "Which orders disagree between these two responses?",
            "What do I need to join two services' data?",
            "Which kinds of mismatch do you look for?",
        ),
    ),
)

DEFAULT_AGENT = ROSTER[0]


def agent_named(slug: str) -> Agent | None:
    return next((agent for agent in ROSTER if agent.slug == slug), None)
