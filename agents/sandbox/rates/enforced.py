"""Limits that are enforced: each account has buckets of its own in every pool."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from agents.sandbox.limits import Admission, BucketLevel, Demand
from agents.sandbox.rates.pool import MINUTE, Pool
from agents.sandbox.rates.pool_state import PoolState
from agents.sandbox.served import ServedModel
from agents.sandbox.tally import PoolReport


class EnforcedLimits:
    """An `AccountLimits`. A model is in the first of `pools` that holds it; one that is in none is not limited.

    `clock` gives seconds. With a `time_scale` of 60 a minute lasts one second of it: limits stay what they are per
    minute, and every wait that is told is in seconds of the clock. May be used by several threads.
    """

    def __init__(
        self, pools: Sequence[Pool], *, clock: Callable[[], float] = time.monotonic, time_scale: float = 1.0
    ) -> None:
        self._pools = tuple(pools)
        self._clock = clock
        self._minute = MINUTE / time_scale
        self._states: dict[tuple[str, str], PoolState] = {}
        self._lock = threading.Lock()

    def admit(self, *, account: str, model: ServedModel, demand: Demand) -> Admission:
        pool = self._pool_of(model)
        if pool is None:
            return Admission()
        with self._lock:
            now = self._clock()
            return self._state(pool, account=account, now=now).admit(demand, model=model.id, now=now)

    def failed(self, *, account: str, model: ServedModel) -> Sequence[BucketLevel]:
        pool = self._pool_of(model)
        if pool is None:
            return ()
        with self._lock:
            now = self._clock()
            return self._state(pool, account=account, now=now).failed(now=now)

    def produced(self, *, account: str, model: ServedModel, output_tokens: int) -> None:
        pool = self._pool_of(model)
        if pool is None:
            return
        with self._lock:
            now = self._clock()
            self._state(pool, account=account, now=now).produced(output_tokens, now=now)

    def report(self, *, account: str, reset: bool = False) -> Sequence[PoolReport]:
        with self._lock:
            now = self._clock()
            states = [self._state(pool, account=account, now=now) for pool in self._pools]
            reports = [state.report(now=now) for state in states]
            if reset:
                for state in states:
                    state.reset_tally()
            return reports

    def _pool_of(self, model: ServedModel) -> Pool | None:
        return next((pool for pool in self._pools if pool.holds(model)), None)

    def _state(self, pool: Pool, *, account: str, now: float) -> PoolState:
        key = (account, pool.name)
        if key not in self._states:
            self._states[key] = PoolState(pool, now=now, minute=self._minute)
        return self._states[key]
