"""What can be configured of a pool: a set of models that share limits, for each account on its own.

The shapes of the two kinds are those of the vendors' rate limit pages and, where these are silent, what the vendors'
error messages show.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import ClassVar, Literal

from agents.sandbox.limits import Demand, Dimension, HaltFault
from agents.sandbox.served import ServedModel, Vendor

MINUTE = 60.0

Charge = Literal["sum", "max"]
"""What OpenAI takes for a request: its input and its cap together, or the larger of the two."""


@dataclass(frozen=True, kw_only=True)
class Ramp:
    """How quickly use may rise: an account may take `free` tokens in a minute from a cold start, and `growth` more than
    in its busiest minute after each `period` (seconds). What was not used in a period is free again only."""

    free: int
    growth: float = 0.5
    period: float = 900.0


@dataclass(frozen=True, kw_only=True)
class Overload:
    """How often a request meets an overloaded provider: each `every`th of an account (0: none does), and any other with
    the probability `chance`, in an order that `seed` decides."""

    every: int = 0
    chance: float = 0.0
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Pool(ABC):
    """`models` are model ids or patterns such as `claude-*`. `requests` are per minute, None is no limit.

    `spaced_requests`: requests must come one by one, 60 a minute being one a second. `spend_cap` is how many tokens an
    account may use altogether, input and output, cached or not.
    """

    vendor: ClassVar[Vendor]
    overload_fault: ClassVar[HaltFault]
    counts_failed: ClassVar[bool]
    """Whether a request that was refused or went wrong has still been one request."""
    knows_never: ClassVar[bool]
    """Whether the provider tells a request that can never fit from one that cannot now."""

    name: str
    models: tuple[str, ...]
    requests: int | None = None
    spaced_requests: bool = False
    spend_cap: int | None = None
    ramp: Ramp | None = None
    overload: Overload | None = None

    def holds(self, model: ServedModel) -> bool:
        return model.vendor == self.vendor and any(fnmatchcase(model.id, pattern) for pattern in self.models)

    @property
    def limits(self) -> Mapping[Dimension, int]:
        """Units per minute of every limited dimension."""
        told = {"requests": self.requests, **self._token_limits}
        return {name: limit for name, limit in told.items() if limit is not None}

    def capacity(self, dimension: Dimension) -> float:
        """What the bucket of a limited dimension holds."""
        if dimension == "requests":
            return 1.0 if self.spaced_requests else max(1.0, self._held(self.limits[dimension]))
        return self._held(self.limits[dimension])

    @abstractmethod
    def needs(self, demand: Demand) -> Mapping[Dimension, int]:
        """What must be there for a request to begin."""

    @abstractmethod
    def takes(self, demand: Demand) -> Mapping[Dimension, int]:
        """What is taken once it begins."""

    @property
    @abstractmethod
    def _token_limits(self) -> Mapping[Dimension, int | None]:
        """Tokens per minute of each dimension; None is no limit."""

    def _held(self, limit: int) -> float:
        return float(limit)


@dataclass(frozen=True, kw_only=True)
class AnthropicPool(Pool):
    """Tokens are per minute. What is read from the prompt cache is free unless `count_cached_input`. Output is taken as
    it is generated; a request begins while at least one output token is left, whatever its `max_tokens`.

    The buckets hold what flows in within `burst_seconds`: with less than 60, short bursts are refused.
    """

    vendor = "anthropic"
    overload_fault = "error_529"
    counts_failed = False
    knows_never = False

    input_tokens: int | None = None
    output_tokens: int | None = None
    count_cached_input: bool = False
    burst_seconds: float = MINUTE

    def needs(self, demand: Demand) -> Mapping[Dimension, int]:
        return {**self.takes(demand), "output_tokens": 1}

    def takes(self, demand: Demand) -> Mapping[Dimension, int]:
        free = 0 if self.count_cached_input else demand.cached_tokens
        return {"requests": 1, "input_tokens": demand.input_tokens - free}

    @property
    def _token_limits(self) -> Mapping[Dimension, int | None]:
        return {"input_tokens": self.input_tokens, "output_tokens": self.output_tokens}

    def _held(self, limit: int) -> float:
        return limit * self.burst_seconds / MINUTE


@dataclass(frozen=True, kw_only=True)
class OpenAIPool(Pool):
    """`tokens` are per minute, and the bucket holds as many. A request takes its whole input, cached or not, and the
    cap of its reply, and gets nothing back; one without a cap takes its input alone."""

    vendor = "openai"
    overload_fault = "error_503"
    counts_failed = True
    knows_never = True

    tokens: int | None = None
    charge: Charge = "sum"

    def needs(self, demand: Demand) -> Mapping[Dimension, int]:
        cap = demand.cap or 0
        tokens = demand.input_tokens + cap if self.charge == "sum" else max(demand.input_tokens, cap)
        return {"requests": 1, "tokens": tokens}

    def takes(self, demand: Demand) -> Mapping[Dimension, int]:
        return self.needs(demand)

    @property
    def _token_limits(self) -> Mapping[Dimension, int | None]:
        return {"tokens": self.tokens}
