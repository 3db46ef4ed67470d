"""States of rate pools for tests of what is shown of them: as a governor that had been at work would have left them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from agents.governor.core import Claim, PoolCore
from agents.governor.learning import Headers, first_byte
from agents.governor.limits import Cost, PoolLimits
from agents.governor.peek import see_through
from agents.governor.state import PoolState

Kept = dict[str, PoolState]
A_LONG_TIME = 30 * 86_400.0


@contextmanager
def kept_states() -> Iterator[Kept]:
    """What `peek` sees meanwhile, by key."""
    kept: Kept = {}
    before = see_through(kept.get)
    yield kept
    see_through(before)


def used_pool(limits: PoolLimits, *, taken: Cost, waiting: int = 0, told: Cost | None = None) -> PoolState:
    """One call of "somebody" is in flight and has `taken` something just now, and `waiting` calls want a full bucket.
    `told` are limits per minute that the provider's headers said before."""
    now = time.time()
    core = PoolCore(limits=limits, state=PoolState.fresh(limits, now=now))
    core.acquire(now, lease="running", claim=Claim(user="somebody", cost=taken))
    if told is not None:
        first_byte(core, now, lease="running", counted={}, headers=Headers(limits=told))
    for number in range(waiting):
        want = {name: 0.9 * bucket.capacity for name, bucket in core.state.buckets.items()}
        core.acquire(now, lease=f"waiter-{number}", claim=Claim(user=f"secret-user-{number}", cost=want))
    for waiter in core.state.waiting.values():
        waiter.beat = now + A_LONG_TIME
    return core.state
