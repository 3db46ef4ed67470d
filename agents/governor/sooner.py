"""How much sooner a call that waits would be sent if it were smaller. Found by asking copies of its pool."""

from __future__ import annotations

from agents.governor.core import Claim, PoolCore, Wait
from agents.governor.cost import CallSize
from agents.governor.limits import Cost
from agents.governor.state import PoolState
from agents.governor.store import Pool
from agents.llm.providers.base import ModelRequest


def seconds_sooner(
    pool: Pool, state: PoolState | None, *, lease: str, instead: ModelRequest, purpose: str, now: float
) -> float | None:
    """Seconds between what the call named `lease` waits now and what it would wait as `instead`; never negative. None
    where it does not wait in this pool. `now` in Unix seconds; `state` stays as it was."""
    if state is None or lease not in state.waiting:
        return None
    as_it_is, smaller = _copy(pool, state), _copy(pool, state)
    size = CallSize.of(instead, purpose=purpose)
    price = size.price(smaller, now=now, cap=size.affordable_cap(smaller))
    before = _wait(as_it_is, now=now, lease=lease, cost=state.waiting[lease].cost, shrunk=False)
    return max(0.0, before - _wait(smaller, now=now, lease=lease, cost=price.cost, shrunk=True))


def _copy(pool: Pool, state: PoolState) -> PoolCore:
    return PoolCore(limits=pool.limits, state=PoolState.from_json(state.to_json()))


def _wait(core: PoolCore, *, now: float, lease: str, cost: Cost, shrunk: bool) -> float:
    """Of a call that waits already: of the claim only its cost counts, and whether that is another."""
    claim = Claim(user=core.state.waiting[lease].user, cost=cost, shrunk=shrunk)
    verdict = core.acquire(now, lease=lease, claim=claim)
    return verdict.seconds if isinstance(verdict, Wait) else 0.0
