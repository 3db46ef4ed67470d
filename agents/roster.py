"""The agents: which instructions (one file each in `prompts/`) and which tools.

Instructions hold no date and no name, so that every user of an agent shares one cacheable prefix.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from agents.llm.tools import ToolSet
from agents.tools.basics import basics
from agents.tools.recall import recall

_PROMPTS = Path(__file__).parent / "prompts"


@dataclass(frozen=True)
class Agent:
    slug: str
    name: str
    description: str
    starters: tuple[str, str, str]

    @cached_property
    def instructions(self) -> str:
        return (_PROMPTS / f"{self.slug}.md").read_text().strip()

    @cached_property
    def tools(self) -> ToolSet:
        """Their sizes are the same for everybody; `agents.tools.recall.bound` lends them a conversation to read."""
        return ToolSet((*basics(time.time), recall))


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
        description="Finds root causes in the logs, metrics and traces that you paste.",
        starters=(
            "Here are error logs; what is the root cause?",
            "Compare these latency numbers before and after a deployment",
            "Which questions should I ask my traces first?",
        ),
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
