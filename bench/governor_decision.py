"""How long the governor takes to decide about one call, with nobody in the queue and with many."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial

from django.db import connection

from agents.governor.core import Claim, PoolCore, Verdict
from agents.governor.limits import Cost, PoolLimits
from agents.governor.state import PoolState
from agents.governor.store import Pool, Store, Transition
from agents.governor.stores import store_for_database
from agents.threads import in_thread
from bench.on_postgresql import measure_on_postgresql
from bench.process_meter import NotMeasurable
from bench.sizes import Size
from bench.summary import percentile
from bench.table import Row, milliseconds, times

TITLE = "Decisions of the governor"
LIMITS = PoolLimits(per_minute={"requests": 1_000.0, "input": 450_000.0, "output": 90_000.0})
WAITERS, USERS = 200, 50
P95_WITH_WAITERS = {"memory": 1.0, "PostgreSQL": 10.0}  # milliseconds


@dataclass(kw_only=True)
class Queue:
    """`waiters` calls that wait for tokens which others have taken, and ask again in turn; with 0, one call that is
    granted each time. `baseline` does what the store cannot do without. Times are in milliseconds."""

    store: Store
    baseline: Callable[[Transition[object]], Awaitable[object]]
    pool: Pool
    waiters: int
    asked: int = 0
    took: list[float] = field(default_factory=list)
    baseline_took: list[float] = field(default_factory=list)

    async def fill(self) -> None:
        if not self.waiters:
            return
        taking_all: Transition[object] = partial(_acquire, lease="all", user="another", tokens=440_000.0)
        for transition in (taking_all, *(self._next_ask() for _ in range(self.waiters))):
            await self.store.change(self.pool, transition)
            await self.baseline(transition)

    async def decide(self) -> None:
        ask = self._next_ask()
        self.took.append(await _timed(self.store.change(self.pool, ask)))
        self.baseline_took.append(await _timed(self.baseline(ask)))
        if not self.waiters:
            await self.store.change(self.pool, _forget)
            await self.baseline(_forget)

    async def ask_all_at_once(self) -> float:
        return await _timed(
            asyncio.gather(*(self.store.change(self.pool, self._next_ask()) for _ in range(self.waiters)))
        )

    def _next_ask(self) -> Transition[object]:
        number = self.asked % max(1, self.waiters)
        self.asked += 1
        return partial(_acquire, lease=_lease(number), user=f"user-{number % USERS:031}", tokens=9_000.0)


def measure(size: Size) -> list[Row]:
    rows = measure_here(size)
    try:
        return [*rows, *measure_on_postgresql(__name__, size)]
    except NotMeasurable as reason:
        return [*rows, Row(what="a decision, PostgreSQL", ours="not measured", baseline=str(reason))]


def measure_here(size: Size) -> list[Row]:
    """In the store that this installation's database asks for."""
    return asyncio.run(_measure(size))


async def _measure(size: Size) -> list[Row]:
    store, rows = store_for_database(), []
    for waiters in (0, WAITERS):
        queue = Queue(
            store=store, baseline=_baseline(), pool=Pool(key=f"bench-{waiters}", limits=LIMITS), waiters=waiters
        )
        await queue.fill()
        for _ in range(size.decisions):
            await queue.decide()
        rows += [_row(queue, rank) for rank in (50, 95, 99)]
        if waiters:
            rows.append(await _at_once(queue, rounds=size.rounds))
    return rows


def _baseline() -> Callable[[Transition[object]], Awaitable[object]]:
    if connection.vendor == "postgresql":
        return lambda transition: in_thread(_select_nothing)()
    core = PoolCore(limits=LIMITS, state=PoolState.fresh(LIMITS, now=time.time()))

    async def decide(transition: Transition[object]) -> object:
        return transition(core, time.time())

    return decide


def _select_nothing() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _row(queue: Queue, rank: int) -> Row:
    ours, baseline = percentile(queue.took, rank), percentile(queue.baseline_took, rank)
    place, baseline_name = _names()
    target = P95_WITH_WAITERS[place] if queue.waiters and rank == 95 else None
    return Row(
        what=f"a decision, {place}, {queue.waiters} waiters, p{rank} of {len(queue.took):,}",
        ours=milliseconds(ours),
        baseline=f"{milliseconds(baseline)} ({baseline_name})",
        compared=times(ours / baseline),
        target="" if target is None else f"≤ {target:.1f} ms",
        met=None if target is None else ours <= target,
    )


async def _at_once(queue: Queue, *, rounds: int) -> Row:
    seconds = min([await queue.ask_all_at_once() for _ in range(rounds)]) / 1000
    return Row(
        what=f"decisions a second, {_names()[0]}, {queue.waiters} waiters ask at once",
        ours=f"{queue.waiters / seconds:,.0f}",
        baseline="1 process",
    )


def _names() -> tuple[str, str]:
    return (
        ("PostgreSQL", "SELECT 1 in a thread") if connection.vendor == "postgresql" else ("memory", "the rules alone")
    )


def _acquire(core: PoolCore, now: float, *, lease: str, user: str, tokens: float) -> Verdict:
    cost: Cost = {"requests": 1.0, "input": tokens, "output": 600.0}
    return core.acquire(now, lease=lease, claim=Claim(user=user, cost=cost))


def _forget(core: PoolCore, now: float) -> None:
    core.cancel(now, lease=_lease(0))


def _lease(number: int) -> str:
    return f"{number:032}"


async def _timed(work: Awaitable[object]) -> float:
    began = time.perf_counter()
    await work
    return (time.perf_counter() - began) * 1000
