"""The limits of one rate pool, as its governor takes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agents.llm.rates import Dimension as Dimension  # noqa: PLC0414 - the governor's own word, too

Cost = Mapping[Dimension, float]
"""What one call takes of each dimension. A dimension that the pool does not limit may be missing or extra."""

LAG = 0.15
"""Seconds within which a call that was sent reaches the provider, or is overtaken by another."""

_MINUTE = 60.0
_REQUEST_BURST = 6.0
"""Providers may enforce 60 requests a minute as one a second. A small burst of requests costs nothing."""


@dataclass(frozen=True, kw_only=True)
class PoolLimits:
    """`per_minute`: what the provider allows, at least one dimension. `burst_seconds`: how many seconds of it may be
    used at once (its bucket's size), where that is not a whole minute. `concurrency`: calls in flight at once.
    `patience`: seconds after which a waiting new turn is told that the pool is busy. `counts_cached`: input that the
    provider reads from its cache counts, too. `revision` is when they were read (Unix seconds): newer ones win.
    `is_unlimited`: it is known that there are none, so no call has to ask first."""

    per_minute: Mapping[Dimension, float]
    burst_seconds: Mapping[Dimension, float] = field(default_factory=dict)
    concurrency: int | None = None
    patience: float = 300.0
    counts_cached: bool = False
    revision: float = field(default=0.0, compare=False)
    is_unlimited: bool = False

    def rate(self, dimension: Dimension) -> float:
        """Per second."""
        return self.per_minute[dimension] / _MINUTE

    def burst(self, dimension: Dimension) -> float:
        """Seconds."""
        return self.burst_seconds.get(dimension, _REQUEST_BURST if dimension == "requests" else _MINUTE)
