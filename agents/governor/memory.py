"""The states of rate pools in the memory of the only process that makes calls."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

from agents.governor.alarms import Alarms
from agents.governor.core import PoolCore
from agents.governor.state import PoolState
from agents.governor.store import Pool, R, Transition


def steady_clock() -> Callable[[], float]:
    """Unix seconds that never jump, however the machine's clock is set meanwhile."""
    offset = time.time() - time.monotonic()
    return lambda: time.monotonic() + offset


class MemoryStore:
    """`clock` gives seconds; they only have to move forward."""

    def __init__(self, *, clock: Callable[[], float] | None = None) -> None:
        self._clock = clock or steady_clock()
        self._alarms = Alarms()
        self._lock = Lock()  # Held for microseconds; pages look at the states from other threads.
        self._states: dict[str, PoolState] = {}

    async def change(self, pool: Pool, transition: Transition[R]) -> R:
        with self._lock:
            now = self._clock()
            known = self._states.get(pool.key)
            before = None if known is None else known.to_json()
            core = PoolCore(limits=pool.limits, state=known or PoolState.fresh(pool.limits, now=now))
            try:
                result = transition(core, now)
            except BaseException:
                if before is not None:
                    self._states[pool.key] = PoolState.from_json(before)
                raise
            self._states[pool.key] = core.state
        self._alarms.ring(core.granted)
        return result

    async def woken(self, lease: str, *, within: float) -> None:
        await self._alarms.wait(lease, within=within)

    def wake(self, lease: str) -> None:
        self._alarms.ring([lease])

    def close(self) -> None:
        return None

    def peek(self, key: str) -> PoolState | None:
        with self._lock:
            state = self._states.get(key)
            return None if state is None else PoolState.from_json(state.to_json())
