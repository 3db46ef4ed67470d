"""What a set of values means for one model: how much a call carries, how often one may call, who cannot run at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agents.model_counter import CannotRun, agents_that_cannot_run, counter_of, frame_tokens
from agents.models import LanguageModel
from agents.pool_estimate import Load, PoolLimits, SafeForLimit, safe_for_limit
from agents.roster import DEFAULT_AGENT
from agents.setting_ranges import SettingValues


@dataclass(frozen=True, kw_only=True)
class Consequence:
    """One sentence. `icon` is one of the drawings of the page."""

    icon: Literal["thought", "gauge", "warn"]
    words: str


def consequences_of(values: SettingValues, *, model: LanguageModel) -> list[Consequence]:
    """`values` are effective ones."""
    return [
        _what_a_call_carries(values),
        _how_often(_safe(values, model=model)),
        *(_who_cannot_run(one) for one in agents_that_cannot_run(values, model=model)),
    ]


def _what_a_call_carries(values: SettingValues) -> Consequence:
    words = f"Each model call: up to {values.token_limit:,} tokens in, up to {values.reply_cap:,} out."
    return Consequence(icon="thought", words=words)


def _how_often(safe: SafeForLimit | None) -> Consequence:
    if safe is None:
        words = "No rate limit is known for this model, so nothing can say how many calls a minute are safe."
        return Consequence(icon="gauge", words=words)
    return Consequence(icon="warn" if safe.calls < 1 else "gauge", words=f"{safe.text}.")


def _who_cannot_run(one: CannotRun) -> Consequence:
    needs = f"its instructions and tools alone take {one.needed:,} tokens; a call may carry {one.limit:,}."
    return Consequence(icon="warn", words=f"{one.name} cannot run: {needs}")


def _safe(values: SettingValues, *, model: LanguageModel) -> SafeForLimit | None:
    if model.pool is None:
        return None
    prefix = frame_tokens(DEFAULT_AGENT, counter_of(model))
    load = Load(token_limit=values.token_limit, reply_cap=values.reply_cap, prefix_tokens=prefix)
    return safe_for_limit(PoolLimits.of(model.pool), load=load)
