"""What a failed call means for its pool: who must wait, how long, and whether it is worth another try."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agents.llm.errors import (
    LLMError,
    ProviderBadStream,
    ProviderOverloaded,
    ProviderRateLimited,
    ProviderSpendLimit,
    ProviderTimeout,
)

MOST_RETRIES = 4

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 30.0
_REOPENS_AFTER = 60.0

Kind = Literal["throttled", "too_large", "closed", "again_later", "final"]
"""throttled: the pool is at its limit · too_large: this one call is over it for good · closed: no call of the account
will pass, and nobody can say when · again_later: it may pass after a pause · final: another try would end the same."""


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """`counts`: the provider may have counted the input although the call failed."""

    kind: Kind
    counts: bool


def judge(error: LLMError, *, begun: bool) -> Judgement:
    """`begun`: some of the answer was handed on already; then nothing is tried again."""
    if isinstance(error, ProviderSpendLimit):
        return Judgement(kind="closed" if error.scope == "account" else "final", counts=False)
    if isinstance(error, ProviderRateLimited) and error.scope == "request":
        return Judgement(kind="too_large" if not begun else "final", counts=False)
    if isinstance(error, ProviderRateLimited):
        return Judgement(kind="throttled", counts=begun)
    if isinstance(error, ProviderOverloaded | ProviderTimeout | ProviderBadStream):
        return Judgement(kind="again_later" if error.retryable and not begun else "final", counts=True)
    return Judgement(kind="final", counts=False)


def pause_asked(seconds: float, *, jitter: float) -> float:
    """What the provider asks for, and a little more, so that not all come back at once. `jitter` is from 0 to 1."""
    return seconds * (1.0 + 0.1 * jitter)


def pause_before(tries: int, *, jitter: float) -> float:
    """Seconds before try `tries` + 1, where the provider asks for nothing. `jitter` from 0 to 1 spreads callers that
    failed together."""
    longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** (tries - 1))
    return longest * (0.5 + 0.5 * jitter)


def closed_until(now: float, *, asked: float | None) -> float:
    """When calls may see whether the account is open again."""
    return now + (asked if asked is not None else _REOPENS_AFTER)
