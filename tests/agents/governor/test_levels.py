"""What is shown of a pool is what its next call would meet, and looking changes nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.governor.bucket import Bucket
from agents.governor.core import Claim, PoolCore, Wait
from agents.governor.learning import Headers, Throttle, first_byte, throttled
from agents.governor.levels import Level, PoolLevels, levels_of
from agents.governor.limits import Dimension, PoolLimits
from agents.governor.state import PoolState
from tests.agents.governor.pools import LIMITS, ask, core, cost, granted
from tests.agents.governor.test_core_properties import STEPS, play


def level(levels: PoolLevels, name: Dimension = "input") -> Level:
    (found,) = [one for one in levels.dimensions if one.dimension == name]
    return found


def look(pool: PoolCore, now: float) -> PoolLevels:
    return levels_of(pool.limits, pool.state, now=now)


def test_a_pool_that_nobody_has_used_is_all_there() -> None:
    levels = levels_of(LIMITS, None, now=5.0)
    assert levels == look(core(), 5.0)
    assert [one.dimension for one in levels.dimensions] == ["requests", "input", "output"]
    for one in levels.dimensions:
        assert (one.level, one.used, one.full_in, one.foreign) == (one.capacity, 0.0, 0.0, 0.0)
        assert one.free == one.in_force == one.configured == LIMITS.per_minute[one.dimension]
        assert (one.learnt, one.differs) == (None, False)
    assert (levels.waiting, levels.running, levels.concurrency, levels.wait) == (0, 0, None, 0.0)
    assert (levels.closed, levels.differs) == ("", [])


def test_what_was_taken_is_used_and_comes_back() -> None:
    pool = core()
    ask(pool, 0.0, "a", tokens=20_000)
    now, later = level(look(pool, 0.0)), level(look(pool, 15.0))
    assert now.used == 20_000
    assert now.full_in == pytest.approx(30.0)
    assert later.used == pytest.approx(10_000)
    assert later.free == pytest.approx(30_000, rel=0.01)
    assert look(pool, 15.0).running == 1


def test_a_debt_is_nothing_free() -> None:
    pool = core()
    ask(pool, 0.0, "a", tokens=39_000)
    pool.done(0.0, lease="a", counted=cost(50_000))
    debt = level(look(pool, 0.0))
    assert debt.level == pytest.approx(-10_100)
    assert (debt.free, debt.used > debt.capacity) == (0.0, True)


def test_who_waits_is_counted_and_a_newcomer_comes_after_them() -> None:
    pool = core()
    ask(pool, 0.0, "a", tokens=39_000)
    assert not granted(ask(pool, 0.0, "b", user="bob", tokens=20_000))
    levels = look(pool, 0.0)
    assert (levels.waiting, levels.running) == (1, 1)
    assert levels.wait == pytest.approx((21_000 - 900 + 0.025 * 39_900) / (40_000 / 60))


def test_the_dead_are_not_counted() -> None:
    pool = core()
    ask(pool, 0.0, "a", tokens=39_000)
    ask(pool, 0.0, "b", user="bob", tokens=20_000)
    assert look(pool, 60.0).waiting == 0


def test_slots_are_told() -> None:
    pool = core(replace(LIMITS, concurrency=1))
    ask(pool, 0.0, "a")
    assert (look(pool, 0.0).running, look(pool, 0.0).concurrency) == (1, 1)


def answered(pool: PoolCore, **limits: float) -> None:
    headers = Headers(limits=limits, remaining=limits)  # type: ignore[arg-type]
    assert granted(ask(pool, 0.0, "a"))
    first_byte(pool, 0.0, lease="a", counted={}, headers=headers)
    pool.done(0.0, lease="a", counted=cost(1_000))


def test_a_limit_that_the_provider_told_stands_beside_the_configured_one() -> None:
    pool = core()
    answered(pool, input=30_000.0, requests=50.0, output=8_010.0)
    levels = look(pool, 0.0)
    assert (level(levels).configured, level(levels).learnt, level(levels).in_force) == (40_000, 30_000, 30_000)
    assert level(levels, "output").learnt is None  # within half a percent: the same
    assert levels.differs == ["input"]


def test_a_smaller_burst_that_was_learnt_differs_too() -> None:
    pool = core()
    assert granted(ask(pool, 0.0, "a"))
    headers = Headers(limits={"requests": 50.0}, remaining={"requests": 0.0})
    throttled(pool, 0.0, lease="a", hit=Throttle(dimension="requests", retry_after=1.0, headers=headers))
    requests = level(look(pool, 0.0), "requests")
    assert requests.burst == pytest.approx(4.2)
    assert (requests.learnt, requests.configured_burst) == (None, 6.0)
    assert requests.differs


def test_a_limit_that_nobody_entered_may_be_learnt() -> None:
    limits = PoolLimits(per_minute={"requests": 50.0})
    state = PoolState.fresh(limits, now=0.0)
    state.buckets["tokens"] = Bucket(level=500.0, rate=100.0, burst=60.0)
    tokens = level(levels_of(limits, state, now=0.0), "tokens")
    assert (tokens.configured, tokens.learnt, tokens.in_force, tokens.level) == (None, 6_000, 6_000, 500)
    assert not tokens.differs


def test_a_limit_that_was_entered_since_is_there() -> None:
    state = PoolState.fresh(PoolLimits(per_minute={"requests": 50.0}), now=0.0)
    assert level(levels_of(LIMITS, state, now=0.0)).free == 40_000


def test_what_others_take_of_the_key_is_a_share() -> None:
    pool = core()
    pool.state.buckets["input"].foreign = 0.25 * pool.state.buckets["input"].rate
    assert level(look(pool, 0.0)).foreign == 0.25


def test_a_closed_pool_says_why_and_for_how_long() -> None:
    pool = core()
    pool.state.closed, pool.state.closed_until = "provider_spend_limit", None
    assert (look(pool, 0.0).closed, look(pool, 0.0).wait) == ("provider_spend_limit", None)
    pool.state.closed_until = 40.0
    assert look(pool, 10.0).wait == 30.0
    assert (look(pool, 40.0).closed, look(pool, 40.0).wait) == ("", 0.0)


def test_a_pool_without_any_limit_has_nothing_to_show() -> None:
    levels = levels_of(PoolLimits(per_minute={}), None, now=0.0)
    assert (levels.dimensions, levels.wait) == ((), 0.0)


@settings(max_examples=150)
@given(steps=STEPS, later=st.floats(0, 120))
def test_a_look_changes_nothing_and_sees_what_the_governor_will(
    steps: list[tuple[str, int, int]], later: float
) -> None:
    pool, now, _ = play(core(replace(LIMITS, concurrency=3)), steps, time_passes=True)
    before = pool.state.to_dict()
    levels = look(pool, now + later)
    assert pool.state.to_dict() == before

    pool.pass_time(now + later)
    for one in levels.dimensions:
        bucket = pool.state.buckets[one.dimension]
        assert (one.level, one.capacity) == (bucket.level, bucket.capacity)
        assert one.used + one.level == pytest.approx(one.capacity)
        assert 0.0 <= one.free <= one.in_force * (1 + 1e-9)
    assert (levels.waiting, levels.running) == (len(pool.state.waiting), len(pool.state.held))
    small = {"requests": 1.0, "input": 1_000.0, "output": 100.0}
    verdict = pool.acquire(now + later, lease="~", claim=Claim(user="new", cost=small))  # type: ignore[arg-type]
    assert levels.wait == (verdict.seconds if isinstance(verdict, Wait) else 0.0)


@settings(max_examples=100)
@given(taken=st.floats(0, 39_000), passed=st.floats(0, 120))
def test_after_the_time_that_is_told_it_is_full(taken: float, passed: float) -> None:
    pool = core()
    pool.state.buckets["input"].level -= taken
    told = level(look(pool, passed))
    assert level(look(pool, passed + told.full_in)).used == pytest.approx(0.0, abs=1e-6)
