"""The arithmetic of a token bucket: continuously refilled, no fixed windows. It owns no clock."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

_GRAIN = 1e-6
"""What a sum of floats may be short of: whoever waited as long as they were told is let in."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bucket:
    """`limit` is what flows in within a `minute`, which lasts so many seconds; `capacity` is what it holds at most.

    `level` was right at the time `at`, in seconds of any clock. It falls below zero where more is taken than was there.
    """

    limit: int
    capacity: float
    level: float
    at: float
    minute: float = 60.0

    def refilled(self, now: float) -> Bucket:
        """The bucket at the time `now`; a clock that went back refills nothing."""
        seconds = max(0.0, now - self.at)
        level = min(self.capacity, self.level + seconds * self.limit / self.minute)
        return replace(self, level=level, at=max(now, self.at))

    def without(self, amount: float) -> Bucket:
        return replace(self, level=self.level - amount)

    @property
    def whole(self) -> int:
        """The level in whole units, rounded down."""
        return math.floor(self.level + _GRAIN)

    @property
    def used(self) -> float:
        """What it lacks to be full."""
        return self.capacity - self.level

    @property
    def full_in(self) -> float:
        """Seconds until it is full, if nothing more is taken."""
        return self.used * self.minute / self.limit

    def wait_for(self, amount: int) -> float:
        """Seconds until `amount` will be there, told of the level in whole units; 0 if it is. More than `capacity` will
        never be there: then it is the time in which so much would flow in."""
        return max(0, amount - self.whole) * self.minute / self.limit


def full_bucket(*, limit: int, capacity: float, now: float, minute: float) -> Bucket:
    return Bucket(limit=limit, capacity=capacity, level=capacity, at=now, minute=minute)
