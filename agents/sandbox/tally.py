"""The judge: what an account has asked of a pool of models, and what became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(kw_only=True)
class Tally:
    """Requests are `admitted`, `refused` with a 429 (by reason: a dimension, or `too_large`, `ramp`, `spend`), met an
    `overloaded` provider (529 on Anthropic's wire, 503 on OpenAI's) or `failed` because they broke a rule of the API:
    each is counted once. Faults that are played on demand are no part of it: such a request was admitted.

    Of the admitted, in tokens: `input_tokens` is all that was sent, `cached_tokens` of these were read from the prompt
    cache, `charged_tokens` were taken from the pool at the start, `output_tokens` were generated. `highest_use` is the
    most that each bucket ever lacked to be full, in its unit.
    """

    admitted: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    overloaded: int = 0
    failed: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    charged_tokens: int = 0
    output_tokens: int = 0
    highest_use: dict[str, int] = field(default_factory=dict)

    @property
    def rate_limited(self) -> int:
        """The 429s, for whatever reason."""
        return self.refused.total()

    def copy(self) -> Tally:
        return replace(self, refused=self.refused.copy(), highest_use=dict(self.highest_use))


@dataclass(frozen=True, kw_only=True)
class PoolReport:
    """One pool as an account has used it. `limits` are per minute, `remaining` is what the buckets hold now."""

    pool: str
    limits: Mapping[str, int]
    remaining: Mapping[str, int]
    tally: Tally

    def to_dict(self) -> dict[str, Any]:
        tally = self.tally
        return {
            "pool": self.pool,
            "limits": dict(self.limits),
            "remaining": dict(self.remaining),
            "admitted": tally.admitted,
            "rate_limited": tally.rate_limited,
            "refused": dict(tally.refused),
            "overloaded": tally.overloaded,
            "failed": tally.failed,
            "input_tokens": tally.input_tokens,
            "cached_tokens": tally.cached_tokens,
            "charged_tokens": tally.charged_tokens,
            "output_tokens": tally.output_tokens,
            "highest_use": dict(tally.highest_use),
        }
