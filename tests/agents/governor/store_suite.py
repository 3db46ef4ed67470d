"""What every store of rate pools promises, whichever it is: each test module below runs this on its own.

`Stores.open` gives one more instance on the same pools, as another process has it where the store is for many.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.governor.core import LEASE_SECONDS, SILENT_SECONDS, Claim, Granted, PoolCore, Verdict
from agents.governor.learning import Headers, Throttle, first_byte, throttled
from agents.governor.limits import PoolLimits
from agents.governor.state import PoolState
from agents.governor.store import Pool, Store, Transition
from tests.agents.governor.pools import LIMITS, cost

LONG = 60.0
"""Seconds that a waiter would wait for a hint that never comes, in tests that end much sooner."""

FULL = PoolState.fresh(LIMITS, now=0.0).buckets["input"].level


@dataclass(kw_only=True, eq=False)
class Clock:
    """Stands still unless it is moved."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


Open = Callable[[Callable[[], float] | None], Store]


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two instances, and the clock of both."""

    clock: Clock
    stores: tuple[Store, Store]


def pool(limits: PoolLimits = LIMITS) -> Pool:
    """One that nobody knows yet."""
    return Pool(key=uuid4().hex, limits=limits)


def asking(
    lease: str, *, tokens: float = 1_000.0, user: str = "ann", continuing: bool = False, again: bool = False
) -> Transition[Verdict]:
    claim = Claim(user=user, cost=cost(tokens), continuing=continuing, again=again)
    return lambda core, now: core.acquire(now, lease=lease, claim=claim)


def ending(lease: str, *, tokens: float = 0.0) -> Transition[None]:
    return lambda core, now: core.done(now, lease=lease, counted=cost(tokens))


def cancelling(lease: str) -> Transition[None]:
    return lambda core, now: core.cancel(now, lease=lease)


@dataclass(frozen=True, kw_only=True)
class Step:
    kind: str
    lease: str
    tokens: int
    seconds: float

    def transition(self) -> Transition[object]:
        headers = Headers(
            limits={"input": 40_000.0 - self.tokens, "requests": 50.0}, remaining={"input": float(self.tokens)}
        )
        user = f"user-{int(self.lease) % 3}"
        kinds: dict[str, Transition[object]] = {
            "ask": asking(self.lease, tokens=self.tokens, user=user, continuing=int(self.lease) % 2 == 0),
            "ask again": asking(self.lease, tokens=self.tokens, user=user, again=True),
            "first byte": partial(_first_byte, lease=self.lease, tokens=self.tokens, headers=headers),
            "first byte without headers": partial(_first_byte, lease=self.lease, tokens=self.tokens, headers=None),
            "done": ending(self.lease, tokens=self.tokens),
            "throttled": partial(_throttled, lease=self.lease, hit=Throttle(dimension="input", headers=headers)),
            "throttled without headers": partial(_throttled, lease=self.lease, hit=Throttle(retry_after=self.seconds)),
            "cancel": cancelling(self.lease),
        }
        return kinds[self.kind]


KINDS = (
    *("ask",) * 6,
    *("ask again", "first byte", "first byte without headers", "done", "done"),
    *("throttled", "throttled without headers", "cancel"),
)
STEPS = st.lists(
    st.builds(
        Step,
        kind=st.sampled_from(KINDS),
        lease=st.integers(0, 9).map(str),
        tokens=st.integers(1, 39_000),
        seconds=st.sampled_from((0.0, 0.0, 0.01, 0.1 + 0.2, -1.0, 3.0, SILENT_SECONDS + 1, 70.0, LEASE_SECONDS + 1)),
    ),
    max_size=30,
)


def _first_byte(core: PoolCore, now: float, *, lease: str, tokens: int, headers: Headers | None) -> None:
    first_byte(core, now, lease=lease, counted={"input": float(tokens)}, headers=headers)


def _throttled(core: PoolCore, now: float, *, lease: str, hit: Throttle) -> None:
    throttled(core, now, lease=lease, hit=hit)


async def granted(store: Store, in_pool: Pool, lease: str, *, tokens: float = 1_000.0) -> bool:
    return isinstance(await store.change(in_pool, asking(lease, tokens=tokens)), Granted)


async def peek(store: Store, in_pool: Pool) -> PoolState | None:
    return await asyncio.to_thread(store.peek, in_pool.key)


async def seen(store: Store, in_pool: Pool) -> PoolState:
    state = await peek(store, in_pool)
    assert state is not None
    return state


class StoreSuite:
    @pytest.fixture
    def pair(self, open_store: Open) -> Pair:
        clock = Clock()
        return Pair(clock=clock, stores=(open_store(clock), open_store(clock)))

    @given(steps=STEPS, concurrency=st.sampled_from((None, 2)))
    @settings(
        max_examples=60, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    async def test_whatever_happens_it_says_and_keeps_what_the_rules_alone_would(
        self, pair: Pair, steps: list[Step], concurrency: int | None
    ) -> None:
        clock, stores = pair.clock, pair.stores
        one = pool(replace(LIMITS, concurrency=concurrency))
        alone = None
        for number, step in enumerate(steps):
            clock.now += step.seconds
            alone = alone or PoolState.fresh(one.limits, now=clock.now)
            expected = step.transition()(PoolCore(limits=one.limits, state=alone), clock.now)
            assert await stores[number % 2].change(one, step.transition()) == expected
        assert await peek(stores[0], one) == alone

    async def test_of_an_unknown_pool_nothing_is_known(self, open_store: Open) -> None:
        assert await peek(open_store(None), pool()) is None

    async def test_whoever_peeks_has_a_copy(self, open_store: Open) -> None:
        store, one = open_store(Clock()), pool()
        await store.change(one, asking("a", tokens=30_000))
        (await seen(store, one)).held["a"].cost["input"] = 0.0
        (await seen(store, one)).buckets["input"].level = 0.0
        state = await seen(store, one)
        assert state.held["a"].cost["input"] == 30_000
        assert state.buckets["input"].level == pytest.approx(FULL - 30_000)

    async def test_pools_know_nothing_of_each_other(self, open_store: Open) -> None:
        store, one, other = open_store(Clock()), pool(), pool()
        assert await granted(store, one, "a", tokens=39_000)
        assert await granted(store, other, "a", tokens=39_000)
        assert not await granted(store, one, "b", tokens=39_000)

    async def test_a_transition_that_fails_changes_nothing(self, open_store: Open) -> None:
        clock = Clock()
        store, one, fresh = open_store(clock), pool(), pool()
        await store.change(one, asking("a", tokens=30_000))
        await store.change(one, asking("b", tokens=30_000))
        before = await seen(store, one)

        def fail(core: PoolCore, now: float) -> None:
            core.cancel(now, lease="a")
            core.state.buckets["input"].level = 1e9
            raise ZeroDivisionError

        clock.now += 1.0
        for each in (one, fresh):
            with pytest.raises(ZeroDivisionError):
                await store.change(each, fail)
        assert await peek(store, one) == before
        assert await peek(store, fresh) is None
        assert await granted(store, fresh, "a")

    async def test_one_that_fails_beside_others_fails_alone(self, open_store: Open) -> None:
        store, one = open_store(Clock()), pool(PoolLimits(per_minute={"input": 40_000.0}))

        def fail(core: PoolCore, now: float) -> Verdict:
            core.state.held.clear()
            core.state.buckets["input"].level = 0.0
            raise ZeroDivisionError

        asks = [fail if number % 4 == 2 else asking(str(number), tokens=100) for number in range(20)]
        answers = await asyncio.gather(*(store.change(one, ask) for ask in asks), return_exceptions=True)
        assert [type(answer) for answer in answers] == [
            ZeroDivisionError if number % 4 == 2 else Granted for number in range(20)
        ]
        state = await seen(store, one)
        assert set(state.held) == {str(number) for number in range(20) if number % 4 != 2}
        assert state.buckets["input"].level == pytest.approx(FULL - 1_500)

    async def test_who_was_granted_is_woken_wherever_it_waits(self, open_store: Open) -> None:
        clock = Clock()
        here, there, one = open_store(clock), open_store(clock), pool()
        first, second = uuid4().hex, uuid4().hex
        assert await granted(here, one, first, tokens=39_000)
        assert not await granted(there, one, second, tokens=39_000)
        waiting = asyncio.create_task(there.woken(second, within=LONG))
        await self.listening(there)
        assert not waiting.done()
        await here.change(one, ending(first))
        async with asyncio.timeout(LONG / 2):
            await waiting
        assert await granted(there, one, second, tokens=39_000)

    async def test_a_waiter_beside_the_one_that_was_granted_sleeps_on(self, open_store: Open) -> None:
        store, one = open_store(Clock()), pool()
        first, second, third = (uuid4().hex for _ in range(3))
        for lease in (first, second, third):
            await store.change(one, asking(lease, tokens=39_000))
        next_one, last = (asyncio.create_task(store.woken(lease, within=LONG)) for lease in (second, third))
        await self.listening(store)
        await store.change(one, ending(first))
        async with asyncio.timeout(LONG / 2):
            await next_one
        assert not last.done()
        last.cancel()

    async def test_a_hint_that_came_early_counts(self, open_store: Open) -> None:
        store, one, lease = open_store(Clock()), pool(), uuid4().hex
        assert await granted(store, one, "first", tokens=39_000)
        assert not await granted(store, one, lease, tokens=39_000)
        await store.change(one, ending("first"))
        async with asyncio.timeout(LONG / 2):
            await store.woken(lease, within=LONG)

    async def test_who_wants_something_else_is_woken_to_ask_again(self, open_store: Open) -> None:
        store, lease = open_store(Clock()), uuid4().hex
        waiting = asyncio.create_task(store.woken(lease, within=LONG))
        await self.listening(store)
        store.wake(lease)
        async with asyncio.timeout(LONG / 2):
            await waiting

    async def test_without_a_hint_a_waiter_looks_again_by_itself(self, open_store: Open) -> None:
        async with asyncio.timeout(LONG):
            await open_store(None).woken(uuid4().hex, within=0.01)

    async def test_many_at_once_are_never_granted_more_than_there_is(self, open_store: Open) -> None:
        clock = Clock()
        stores = [open_store(clock), open_store(clock)]
        one = pool(PoolLimits(per_minute={"input": 40_000.0}))
        answers = await asyncio.gather(
            *(granted(stores[number % 2], one, f"call-{number}", tokens=1_700) for number in range(50))
        )
        state = await seen(stores[0], one)
        assert sum(answers) == int(FULL * 0.975 // 1_700)
        assert len(state.waiting) == 50 - sum(answers)
        assert sum(held.cost["input"] for held in state.held.values()) + state.buckets["input"].level == pytest.approx(
            FULL
        )

    async def test_each_of_many_is_served_in_the_end(self, open_store: Open) -> None:
        """Two calls in flight at a time, of fifty that wait in two instances and are woken by each other's end."""
        stores = [open_store(None), open_store(None)]
        one = pool(PoolLimits(per_minute={"input": 4_000_000.0}, concurrency=2))
        most = 0

        async def call(number: int) -> None:
            nonlocal most
            store, lease = stores[number % 2], uuid4().hex
            while not await granted(store, one, lease, tokens=10):
                await store.woken(lease, within=2.0)
            most = max(most, len((await seen(store, one)).held))
            await store.change(one, ending(lease, tokens=10))

        async with asyncio.timeout(LONG):
            await asyncio.gather(*(call(number) for number in range(50)))
        state = await seen(stores[0], one)
        assert most == 2
        assert (state.held, state.waiting) == ({}, {})

    async def test_what_a_cancelled_caller_has_begun_is_over_when_it_hears_of_that(self, open_store: Open) -> None:
        store, one = open_store(Clock()), pool()
        began, go_on = threading.Event(), threading.Event()

        def slowly(core: PoolCore, now: float) -> Verdict:
            began.set()
            go_on.wait(LONG if threading.current_thread() is not threading.main_thread() else 0.0)
            return asking("a")(core, now)

        caller = asyncio.create_task(store.change(one, slowly))
        while not began.is_set():
            await asyncio.sleep(0.001)
        caller.cancel()
        await asyncio.sleep(0.01)
        go_on.set()
        await asyncio.wait([caller])
        assert "a" in (await seen(store, one)).held
        await store.change(one, cancelling("a"))
        assert (await seen(store, one)).held == {}

    async def test_a_call_in_flight_that_nobody_ends_is_forgotten_after_its_lease(self, open_store: Open) -> None:
        clock = Clock()
        one = pool(replace(LIMITS, concurrency=1))
        assert await granted(open_store(clock), one, "lost")
        survivor = open_store(clock)
        clock.now += LEASE_SECONDS - 1
        assert not await granted(survivor, one, "next")
        clock.now += 2.0
        assert await granted(survivor, one, "next")

    async def listening(self, store: Store) -> None:
        """Return once `store` hears what others grant."""
