"""Our mirror of one of the provider's token buckets. Pure arithmetic: it is told how much time has passed.

**Why the mirror never shows more than the provider has.** Let the provider's bucket hold C and refill at r, and let
every debit that we make at t reach the provider at t + d, 0 <= d <= lag. Our bucket holds C - r·lag and refills at r.
A bucket's level is the minimum over s <= t of (size + r(t-s) - debits in (s, t]), and the provider's debits in (s, t]
were ours in (s - lag, t]; so the provider's level is never below ours, however calls overtake each other on the way.
Refunds only return what the provider never took.
"""

from __future__ import annotations

from dataclasses import dataclass

from agents.governor.limits import LAG

_LEAST_SHARE = 0.05
"""Of the rate that is left to us, however much others seem to use of the same key."""


@dataclass(kw_only=True, slots=True)
class Bucket:
    """`level` may be negative: a call took more than was reserved for it. `rate` is per second, `burst` in seconds of
    that rate; both begin as configured and are learnt. `foreign` is what others take of it, per second. `seen` is the
    most that the provider ever said it holds."""

    level: float
    rate: float
    burst: float
    foreign: float = 0.0
    seen: float = 0.0

    @property
    def capacity(self) -> float:
        """The most that one call can ever take."""
        return max(1.0, self.rate * (self.burst - LAG))

    @property
    def refill(self) -> float:
        """Per second. Where less than one unit fits beside the lag (single requests only), a larger gap stands in for
        the smaller bucket."""
        own = max(self.rate - self.foreign, _LEAST_SHARE * self.rate)
        return own / (1.0 + own * LAG) if self.rate * (self.burst - LAG) < 1.0 else own

    def pass_time(self, seconds: float) -> None:
        self.add(self.refill * max(0.0, seconds))

    def add(self, amount: float) -> None:
        self.level = min(self.capacity, self.level + amount)

    def seconds_until(self, amount: float) -> float:
        """Until `amount`, at most a full bucket, is there."""
        return max(0.0, (min(amount, self.capacity) - self.level) / self.refill)
