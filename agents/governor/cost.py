"""What one call costs in each dimension of its pool, as far as can be told before it is sent.

Known blocks count as the provider counted them, new ones with a margin that 95 of 100 calls stay within, and what the
provider will read from its cache counts nothing where the pool says so. Output counts as 95 of 100 replies stayed
within; where a pool charges a request's reply cap, the cap (OpenAI's rule: input + cap, whatever the reply takes).
"""

from __future__ import annotations

from dataclasses import dataclass

from agents.governor.core import PoolCore
from agents.governor.limits import Cost
from agents.governor.prefixes import LIFE, Point, points_of, reachable
from agents.llm.messages import Usage
from agents.llm.providers.base import ModelRequest

LEAST_CAP = 1_024
"""Tokens: no reply is capped below this so that its call fits a pool."""

_FIRST_OUTPUT = 1_000
_FIRST_RATIO = 1.05
_CAP_SHARE = 0.025
_SAME = 0.03
_WHOLE = 0.9
"""Share of an input from which on all that is marked in it is taken to be in the cache."""


@dataclass(frozen=True, kw_only=True)
class Price:
    """`cost` in all dimensions; `cached`: input that it leaves out, since the provider will read it from its cache;
    `is_warm`: that is more than instructions and tools."""

    cost: Cost
    cached: float
    is_warm: bool


@dataclass(frozen=True, kw_only=True)
class CallSize:
    """A call as its pool sees it. `kind` tells calls whose replies are alike from others; `cap` is the reply cap, which
    is not lowered below `least_cap`."""

    model: str
    kind: str
    tokens: int
    cap: int
    least_cap: int
    points: tuple[Point, ...]

    @classmethod
    def of(cls, request: ModelRequest, *, purpose: str) -> CallSize:
        """Reads the whole request once: about a millisecond for 100,000 tokens."""
        return cls(
            model=request.model,
            kind=f"{request.model}/{purpose}",
            tokens=request.counts.total,
            cap=request.max_output_tokens,
            least_cap=max(LEAST_CAP, request.least_reply),
            points=points_of(request),
        )

    def price(self, core: PoolCore, *, now: float, cap: int) -> Price:
        """With a reply cap of `cap` tokens."""
        known = core.state.experience
        ratio = known.input_ratio(self.model, guess=_FIRST_RATIO)
        read, rest, is_warm = self._cached(core, now=now)
        new = ratio * rest
        counts_all = core.limits.counts_cached or core.state.whole_prompts
        expected = known.output(self.kind, share=0.95, guess=min(_FIRST_OUTPUT, self.cap))
        cost: Cost = {
            "requests": 1.0,
            "input": read + new if counts_all else new,
            "output": float(min(cap, expected)),
            "tokens": read + new + cap,
        }
        return Price(cost=cost, cached=0.0 if counts_all else read, is_warm=is_warm)

    def affordable_cap(self, core: PoolCore) -> int:
        """The reply cap to send. Where the pool charges it: twice what 99 of 100 replies took, and no less than a
        fortieth of the bucket. A reply that it cuts goes on by itself."""
        bucket = core.state.buckets.get("tokens")
        if bucket is None:
            return self.cap
        usual = core.state.experience.output(self.kind, share=0.99, guess=LEAST_CAP // 2)
        return min(self.cap, max(self.least_cap, 2 * usual, int(_CAP_SHARE * bucket.capacity)))

    def _cached(self, core: PoolCore, *, now: float) -> tuple[float, int, bool]:
        """Tokens that the provider will read from its cache, our count of the rest, and whether that is warm."""
        for point in reachable(self.points):
            cached = core.state.experience.live_prefix(point.digest, now=now)
            if cached > 0:
                return cached, self.tokens - point.tokens, point is not self.points[0]
        return 0.0, self.tokens, False

    def note_admitted(self, core: PoolCore, usage: Usage, *, sent_at: float, now: float) -> None:
        """What the provider said of the input: its size, and what is in its cache from now on."""
        known = core.state.experience
        known.note_input(self.model, counted=self.tokens, reported=usage.input_tokens)
        cached = usage.cache_read_tokens + usage.cache_write_tokens
        marked = [point for point in self.points if point.is_marked]
        if cached < _WHOLE * usage.input_tokens:
            # Not every gateway keeps all that it is asked to: only what surely ends before that is counted on.
            marked = [point for point in marked if point.tokens <= cached]
        if not cached or not marked:
            return
        # The longest is what the provider says; a shorter one has its share of it, with a little less counted on.
        longest = marked[-1]
        for point in marked:
            share = cached if point is longest else cached * point.tokens / longest.tokens
            # A read of just this length proves that it is kept, however long the shortest prefix is said to be.
            was_read = abs(usage.cache_read_tokens - share) <= _SAME * share
            if point is longest:
                known.note_prefix(point.digest, tokens=cached, until=sent_at + LIFE, now=now)
            elif point.is_long or was_read or known.live_prefix(point.digest, now=now):
                known.note_prefix(point.digest, tokens=(1.0 - _SAME) * share, until=sent_at + LIFE, now=now)


def counted_input(core: PoolCore, usage: Usage) -> float:
    """Of an input, what its pool counts."""
    read = 0 if core.limits.counts_cached else usage.cache_read_tokens
    return float(usage.input_tokens - read)
