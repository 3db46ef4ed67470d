"""What a set of values means for one model: how much a call carries, how often one may call, who cannot run at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from accounts.models import User
from agents.mcp_cost import mcp_tokens_by_agent
from agents.model_counter import CannotRun, agents_that_cannot_run
from agents.models import LanguageModel
from agents.pace import counted_per_call, safe_pace
from agents.pool_estimate import SafeForLimit
from agents.roster import Agent, all_equipped
from agents.setting_ranges import SettingValues


@dataclass(frozen=True, kw_only=True)
class Consequence:
    """One sentence. `icon` is one of the drawings of the page."""

    icon: Literal["thought", "gauge", "warn"]
    words: str


def consequences_of(values: SettingValues, *, model: LanguageModel, user: User) -> list[Consequence]:
    """`values` are effective ones."""
    counted, roster = counted_per_call(user=user, models=[model]), all_equipped()
    return [
        _what_a_call_carries(values),
        *_what_mcp_tools_cost(model, roster=roster),
        *_what_a_cap_costs(model),
        _how_often(safe_pace(values, model=model, counted=counted)),
        *(_who_cannot_run(one) for one in agents_that_cannot_run(values, model=model, roster=roster)),
    ]


def _what_a_call_carries(values: SettingValues) -> Consequence:
    words = f"Each model call: up to {values.token_limit:,} tokens in, up to {values.reply_cap:,} out."
    return Consequence(icon="thought", words=words)


def _what_mcp_tools_cost(model: LanguageModel, *, roster: Sequence[Agent]) -> list[Consequence]:
    """Of that input, for the agents that an admin gave any."""
    costs = [
        f"{tokens:,} tokens per call of {agent.name}" for agent, tokens in mcp_tokens_by_agent(model, roster=roster)
    ]
    return [Consequence(icon="thought", words=f"MCP tools: {', '.join(costs)}.")] if costs else []


def _what_a_cap_costs(model: LanguageModel) -> list[Consequence]:
    """Where the rate pool charges a call its reply cap, whatever the reply takes."""
    if model.pool is None or model.pool.tokens_per_minute is None:
        return []
    words = (
        "The rate limit of this model charges a call its whole reply cap, so the cap that is sent is lowered to fit; a "
        "longer reply goes on by itself."
    )
    return [Consequence(icon="thought", words=words)]


def _how_often(safe: SafeForLimit | None) -> Consequence:
    if safe is None:
        words = "No rate limit is known for this model, so nothing can say how many calls a minute are safe."
        return Consequence(icon="gauge", words=words)
    return Consequence(icon="warn" if safe.calls < 1 else "gauge", words=f"{safe.text}.")


def _who_cannot_run(one: CannotRun) -> Consequence:
    needs = f"its instructions and tools alone take {one.needed:,} tokens; a call may carry {one.limit:,}."
    return Consequence(icon="warn", words=f"{one.name} cannot run: {needs}")
