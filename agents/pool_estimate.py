"""How many model calls a minute a rate pool admits before one must wait, at a given token limit. Rough and pure.

With cached prefixes only what is new is counted, and from time to time what a deep cut leaves, once more. How much
that is, the newest calls tell (`pace`); before there are any, a call is taken to add about 1,000 new tokens (mean of
simulated conversations: 4,100 in a turn of four calls).
"""

from __future__ import annotations

from dataclasses import dataclass

from agents.llm.limiter import default_low_water
from agents.models import RatePool

NEW_TOKENS_PER_CALL = 1_000


@dataclass(frozen=True, kw_only=True)
class PoolLimits:
    """Per minute; None: no such limit. `tokens` counts input and reply together."""

    requests: int | None = None
    input_tokens: int | None = None
    tokens: int | None = None
    count_cached_input: bool = False

    @classmethod
    def of(cls, pool: RatePool) -> PoolLimits:
        return cls(
            requests=pool.requests_per_minute,
            input_tokens=pool.input_tokens_per_minute,
            tokens=pool.tokens_per_minute,
            count_cached_input=pool.count_cached_input,
        )


@dataclass(frozen=True, kw_only=True)
class Load:
    """One call, in tokens. `prefix_tokens` are the agent's instructions and tools. `counted_per_call` is what calls
    with a cached prefix really counted; None: too few were made."""

    token_limit: int
    reply_cap: int
    prefix_tokens: int
    counted_per_call: float | None = None


@dataclass(frozen=True, kw_only=True)
class SafeForLimit:
    """`cached_calls` is None where caching makes no difference."""

    calls: float
    cached_calls: float | None
    text: str


def calls_per_minute(limits: PoolLimits, *, load: Load, cached: bool) -> float | None:
    """None where nothing limits them. Below 1: a full call is more than the limit of a whole minute."""
    bounds = [float(limits.requests)] if limits.requests else []
    if limits.input_tokens:
        cost = _cached_cost(load) if cached and not limits.count_cached_input else float(load.token_limit)
        bounds.append(limits.input_tokens / cost)
    if limits.tokens:
        # Such pools count what is cached, too, and reserve the whole reply.
        bounds.append(limits.tokens / (load.token_limit + load.reply_cap))
    return min(bounds) if bounds else None


def safe_for_limit(limits: PoolLimits, *, load: Load) -> SafeForLimit | None:
    """The same in a sentence; None where nothing limits the calls."""
    calls = calls_per_minute(limits, load=load, cached=False)
    cached = calls_per_minute(limits, load=load, cached=True)
    if calls is None or cached is None:
        return None
    helps = int(cached) > int(calls)
    text = _against(limits, load=load) + ": " + _pace(calls, helps=helps)
    text += f"; with cached prefixes about {int(cached):,}" if helps else ""
    text += ", as your newest calls went" if helps and load.counted_per_call is not None else ""
    return SafeForLimit(calls=calls, cached_calls=cached if helps else None, text=text)


def _pace(calls: float, *, helps: bool) -> str:
    if calls < 1:
        alone = " without a cached prefix" if helps else ""
        return f"a full call{alone} is more than a whole minute allows, and could never be sent"
    return f"about {int(calls):,} {'call' if int(calls) == 1 else 'calls'} a minute before waiting"


def _cached_cost(load: Load) -> float:
    """Mean tokens that count per call: what is new, and what each deep cut makes the provider read again."""
    if load.counted_per_call is not None:
        return max(1.0, min(float(load.token_limit), load.counted_per_call))
    room = load.token_limit - load.prefix_tokens
    left = min(default_low_water(load.token_limit), room // 2)
    if room <= 0:
        return float(load.token_limit)
    return min(float(load.token_limit), NEW_TOKENS_PER_CALL * room / (room - left))


def _against(limits: PoolLimits, *, load: Load) -> str:
    if limits.input_tokens:
        return f"{load.token_limit:,} tokens against {limits.input_tokens:,}/min"
    if limits.tokens:
        return f"{load.token_limit + load.reply_cap:,} tokens against {limits.tokens:,}/min"
    return f"{limits.requests:,} requests/min"
