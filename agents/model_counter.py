"""How the tokens of a model row are counted, and what each agent takes of a call before anybody says a word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from agents.llm.tokens import TokenCounter, counter_for
from agents.model_capabilities import capabilities_for
from agents.models import LanguageModel, Wire
from agents.roster import Agent, offered
from agents.setting_ranges import SettingValues

UNKNOWN_COUNTER = TokenCounter(factor=1.5)
"""For rows whose model is gone: counts high."""


@dataclass(frozen=True, kw_only=True)
class CannotRun:
    """An agent whose instructions and tools alone leave no room below the token limit. Sizes in tokens."""

    agent: str
    name: str
    needed: int
    limit: int


def counter_of(model: LanguageModel) -> TokenCounter:
    wire: Literal["anthropic", "openai"] = "anthropic" if model.wire == Wire.ANTHROPIC_MESSAGES else "openai"
    return counter_for(wire, capabilities_for(model))


def frame_tokens(agent: Agent, counter: TokenCounter) -> int:
    """What is the same in every call of `agent`: its instructions, its tools, the frame of a request."""
    return counter.instructions(agent.instructions) + counter.tools(agent.tools.specs) + counter.overhead


def agents_that_cannot_run(
    values: SettingValues, *, model: LanguageModel, roster: Sequence[Agent] | None = None
) -> list[CannotRun]:
    """`values` are effective ones; `roster` is whoever can be chosen now, unless it is given."""
    counter, limit = counter_of(model), values.token_limit
    sizes = [(agent, frame_tokens(agent, counter)) for agent in (offered() if roster is None else roster)]
    return [
        CannotRun(agent=agent.slug, name=agent.name, needed=needed, limit=limit)
        for agent, needed in sizes
        if needed >= limit
    ]
