"""One account's use of one pool. It owns no clock, and is used by one thread at a time."""

from __future__ import annotations

import math
import random

from agents.sandbox.limits import Admission, BucketLevel, Demand, Dimension, Halt, Refusal
from agents.sandbox.rates.bucket import Bucket, full_bucket
from agents.sandbox.rates.pool import Pool
from agents.sandbox.rates.ramp import RampState
from agents.sandbox.tally import PoolReport, Tally


class PoolState:
    """`minute` is how many seconds a minute lasts. Every method is told the time, in seconds of the same clock."""

    def __init__(self, pool: Pool, *, now: float, minute: float) -> None:
        self._pool = pool
        self._tally = Tally()
        self._arrived = 0
        self._spent = 0
        self._ramp = RampState(pool.ramp, now=now, minute=minute) if pool.ramp else None
        self._dice = random.Random(pool.overload.seed if pool.overload else 0)  # noqa: S311 - no secret
        self._buckets: dict[Dimension, Bucket] = {
            dimension: full_bucket(limit=limit, capacity=pool.capacity(dimension), now=now, minute=minute)
            for dimension, limit in pool.limits.items()
        }

    def admit(self, demand: Demand, *, model: str, now: float) -> Admission:
        self._refill(now)
        obstacle = self._obstacle(demand, model=model, now=now)
        if obstacle is not None:
            self._take_failed()
            return Admission(levels=self._levels(), refusal=obstacle)
        self._begin(demand, now=now)
        return Admission(levels=self._levels())

    def failed(self, *, now: float) -> tuple[BucketLevel, ...]:
        """A request broke a rule of the API before it could be admitted."""
        self._refill(now)
        self._tally.failed += 1
        self._take_failed()
        return self._levels()

    def produced(self, output_tokens: int, *, now: float) -> None:
        self._refill(now)
        self._tally.output_tokens += output_tokens
        self._spent += output_tokens
        self._take("output_tokens", output_tokens)

    def report(self, *, now: float) -> PoolReport:
        self._refill(now)
        return PoolReport(
            pool=self._pool.name,
            limits={dimension: bucket.limit for dimension, bucket in self._buckets.items()},
            remaining={dimension: bucket.whole for dimension, bucket in self._buckets.items()},
            tally=self._tally.copy(),
        )

    def reset_tally(self) -> None:
        """The counters begin anew; what the buckets hold, and what was spent, stays."""
        self._tally = Tally()

    def _obstacle(self, demand: Demand, *, model: str, now: float) -> Refusal | Halt | None:
        """What keeps a request from beginning, counted as such."""
        self._arrived += 1
        if self._meets_overload():
            self._tally.overloaded += 1
            return Halt(fault=self._pool.overload_fault)
        if self._pool.spend_cap is not None and self._spent >= self._pool.spend_cap:
            self._tally.refused["spend"] += 1
            return Halt(fault="spend_limit")
        if (refusal := self._full(demand, model=model)) is not None:
            self._tally.refused["too_large" if refusal.never_fits else refusal.level.dimension] += 1
            return refusal
        wait = self._ramp.wait_for(_tokens(self._pool, demand), now=now) if self._ramp else 0.0
        if wait > 0:
            self._tally.refused["ramp"] += 1
            return Halt(fault="ramp_limit", retry_after=wait)
        return None

    def _meets_overload(self) -> bool:
        overload = self._pool.overload
        if overload is None:
            return False
        return (overload.every > 0 and self._arrived % overload.every == 0) or self._dice.random() < overload.chance

    def _full(self, demand: Demand, *, model: str) -> Refusal | None:
        """The bucket that holds the request back for longest."""
        refusals = [
            Refusal(
                model=model,
                level=_level(dimension, bucket),
                requested=needed,
                retry_after=bucket.wait_for(needed),
                never_fits=self._pool.knows_never and needed > bucket.capacity,
            )
            for dimension, needed in self._pool.needs(demand).items()
            if (bucket := self._buckets.get(dimension)) is not None and needed > bucket.whole
        ]
        return max(refusals, key=lambda refusal: (refusal.never_fits, refusal.retry_after), default=None)

    def _begin(self, demand: Demand, *, now: float) -> None:
        tokens = _tokens(self._pool, demand)
        if self._ramp is not None:
            self._ramp.take(tokens, now=now)
        for dimension, amount in self._pool.takes(demand).items():
            self._take(dimension, amount)
        self._spent += demand.input_tokens
        self._tally.admitted += 1
        self._tally.input_tokens += demand.input_tokens
        self._tally.cached_tokens += demand.cached_tokens
        self._tally.charged_tokens += tokens

    def _take_failed(self) -> None:
        """Where failed requests count, one is taken as far as one is there."""
        if self._pool.counts_failed and (bucket := self._buckets.get("requests")) is not None:
            self._take("requests", min(1.0, max(0.0, bucket.level)))

    def _take(self, dimension: Dimension, amount: float) -> None:
        if (bucket := self._buckets.get(dimension)) is None:
            return
        self._buckets[dimension] = bucket = bucket.without(amount)
        highest = self._tally.highest_use
        highest[dimension] = max(highest.get(dimension, 0), math.ceil(bucket.used - 1e-6))

    def _refill(self, now: float) -> None:
        self._buckets = {dimension: bucket.refilled(now) for dimension, bucket in self._buckets.items()}

    def _levels(self) -> tuple[BucketLevel, ...]:
        """What headers tell; Anthropic tells its input and output together too."""
        levels = tuple(_level(dimension, bucket) for dimension, bucket in self._buckets.items())
        both = [level for level in levels if level.dimension in ("input_tokens", "output_tokens")]
        if len(both) < 2:
            return levels
        together = BucketLevel(
            dimension="tokens",
            limit=sum(level.limit for level in both),
            remaining=sum(max(0.0, level.remaining) for level in both),
            full_in=max(level.full_in for level in both),
        )
        return (*levels, together)


def _level(dimension: Dimension, bucket: Bucket) -> BucketLevel:
    return BucketLevel(dimension=dimension, limit=bucket.limit, remaining=bucket.level, full_in=bucket.full_in)


def _tokens(pool: Pool, demand: Demand) -> int:
    return sum(amount for dimension, amount in pool.takes(demand).items() if dimension != "requests")
