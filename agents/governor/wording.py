"""What people read when a call cannot be sent: what happened, what was kept, what to do."""

from __future__ import annotations

from agents.governor.base import Ask
from agents.governor.core import Closed, Refused, Wait
from agents.governor.limits import Dimension
from agents.governor.store import Pool
from agents.llm.errors import ContextImpossible, LLMError, PoolBusy, ProviderRateLimited, ProviderSpendLimit

LONGEST_WAIT = 900.0
"""Seconds that a running turn is held back at the most, where its pool's patience is shorter."""

_UNITS: dict[Dimension, str] = {
    "requests": "requests",
    "input": "input tokens",
    "output": "output tokens",
    "tokens": "tokens",
}


def busy(ask: Ask, wait: Wait, *, waited: float) -> LLMError:
    """The wait is, or would be, longer than anybody should sit through."""
    left = f"about {_duration(wait.seconds)} to go"
    if ask.reason == "provider_rate_limited":
        text = (
            f"{ask.pool.name} asks to wait: {left}. Your message and what was answered so far are kept. Please try "
            "again then, or choose another model."
        )
        return ProviderRateLimited(text, retryable=True, retry_after=wait.seconds, detail=f"pool {ask.pool.key}")
    behind = f"{wait.position:,} calls ahead of it, " if wait.position else ""
    text = (
        f"{ask.pool.name} is busy: your message waited {_duration(waited)}, with {behind}{left}. Nothing was sent, and "
        "your message is kept. Send it again later, choose another model, or ask an admin about this pool's limits."
    )
    return PoolBusy(text, retry_after=wait.seconds, detail=f"pool {ask.pool.key}")


def never_fits(pool: Pool, refused: Refused) -> ContextImpossible:
    unit = _UNITS[refused.dimension]
    return ContextImpossible(
        f"Nothing was sent: this call needs {refused.needed:,.0f} {unit} at once, and {pool.name} allows "
        f"{refused.capacity:,.0f}. Your message is kept. Shorten it, or choose a model with a higher limit.",
        params={"needed": round(refused.needed), "capacity": round(refused.capacity), "dimension": refused.dimension},
        scope="request",
    )


def closed(pool: Pool, verdict: Closed) -> LLMError:
    return ProviderSpendLimit(
        f"{pool.name} has used up what its account may spend, as the provider said a moment ago. Nothing was sent, and "
        "your message is kept. Please ask an admin to raise the limit or the balance, or choose another model.",
        detail=f"pool {pool.key} is closed: {verdict.reason}",
    )


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5_400 else f"{seconds / 3600:.1f} h"
