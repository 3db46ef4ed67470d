"""How a pool stands, for people: each dimension's limit and what is free of it, the queue, and how long a call waits.

Pure: the state that is looked at stays as it was.
"""

from __future__ import annotations

from dataclasses import dataclass

from agents.governor.bucket import Bucket
from agents.governor.core import Claim, Closed, PoolCore, Wait
from agents.governor.limits import Cost, Dimension, PoolLimits
from agents.governor.state import PoolState

DIMENSIONS: tuple[Dimension, ...] = ("requests", "input", "output", "tokens")
"""In the order in which they are shown."""

_SAME = 0.005
"""Share within which a learnt number counts as the configured one."""

_SMALL_CALL: Cost = {"requests": 1.0, "input": 1_000.0, "output": 100.0, "tokens": 1_100.0}
_LAST = "~"
"""A lease that no call has, and that comes after theirs where scores are equal."""


@dataclass(frozen=True, kw_only=True)
class Level:
    """One dimension, in requests or tokens. `configured` and `learnt` are limits per minute: None where nobody entered
    one, or where none was learnt that differs from it; `in_force` is the one that calls are held to. `burst` is how
    many seconds of it may be used at once, `configured_burst` how many should be. `capacity` is what that comes to, a
    little less than the provider's for the sake of calls under way; `level` is what is there of it now (below 0: a
    debt) and `used` what is missing, which `full_in` seconds bring back. `foreign` is the share that others take of
    the key.
    """

    dimension: Dimension
    configured: float | None
    learnt: float | None
    in_force: float
    configured_burst: float
    burst: float
    capacity: float
    level: float
    used: float
    full_in: float
    foreign: float

    @property
    def differs(self) -> bool:
        """What is entered for it is not what the provider enforces."""
        return self.configured is not None and (self.learnt is not None or not _same(self.burst, self.configured_burst))

    @property
    def free(self) -> float:
        """Of a whole minute's limit, as far as the bucket is full."""
        return self.in_force * max(0.0, self.level) / self.capacity


@dataclass(frozen=True, kw_only=True)
class PoolLevels:
    """`waiting` and `running` count calls, of at most `concurrency` at once (None: no limit). `wait` is about how many
    seconds somebody's new small call would be held back; None: for as long as the pool is `closed`, which is the
    reason, or "" if it is open."""

    dimensions: tuple[Level, ...]
    waiting: int
    running: int
    concurrency: int | None
    wait: float | None
    closed: str

    @property
    def differs(self) -> list[Dimension]:
        return [level.dimension for level in self.dimensions if level.differs]


def levels_of(limits: PoolLimits, state: PoolState | None, *, now: float) -> PoolLevels:
    """Without a state, those of a pool that nobody has used yet. Dimensions may be there that are not configured."""
    copy = PoolState.fresh(limits, now=now) if state is None else PoolState.from_dict(state.to_dict())
    copy.buckets = PoolState.fresh(limits, now=now).buckets | copy.buckets
    core = PoolCore(limits=limits, state=copy)
    core.pass_time(now)
    shown = tuple(_level(name, copy.buckets[name], limits) for name in DIMENSIONS if name in copy.buckets)
    waiting, running, closed = len(copy.waiting), len(copy.held), copy.closed
    return PoolLevels(
        dimensions=shown,
        waiting=waiting,
        running=running,
        concurrency=limits.concurrency,
        wait=_wait_of_a_small_call(core, now),
        closed=closed,
    )


def _level(name: Dimension, bucket: Bucket, limits: PoolLimits) -> Level:
    configured, rate = limits.per_minute.get(name), round(bucket.rate * 60.0, 3)
    learnt = None if configured is not None and _same(rate, configured) else rate
    return Level(
        dimension=name,
        configured=configured,
        learnt=learnt,
        in_force=rate,
        configured_burst=limits.burst(name),
        burst=bucket.burst,
        capacity=bucket.capacity,
        level=bucket.level,
        used=bucket.capacity - bucket.level,
        full_in=bucket.seconds_until(bucket.capacity),
        foreign=bucket.foreign / bucket.rate,
    )


def _same(one: float, other: float) -> bool:
    return abs(one - other) <= _SAME * other


def _wait_of_a_small_call(core: PoolCore, now: float) -> float | None:
    """Found by asking: `core` is not used afterwards."""
    cost = {name: min(_SMALL_CALL[name], 0.9 * bucket.capacity) for name, bucket in core.state.buckets.items()}
    cost |= {"requests": 1.0}
    verdict = core.acquire(now, lease=_LAST, claim=Claim(user=_LAST, cost=cost))
    match verdict:
        case Wait(seconds=seconds):
            return seconds
        case Closed(until=until):
            return None if until is None else until - core.state.at
    return 0.0
