"""No token is lost and none is doubled, whatever order things happen in."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.governor.core import ARRIVES_WITHIN, LEASE_SECONDS, Claim, PoolCore
from agents.governor.learning import first_byte
from agents.governor.state import PoolState
from tests.agents.governor.pools import LIMITS, core, cost, granted

TOKENS = st.integers(1, 12_000)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.integers(0, 7), TOKENS),
        st.tuples(st.just("done"), st.integers(0, 7), TOKENS),
        st.tuples(st.just("cancel"), st.integers(0, 7), st.just(0)),
        st.tuples(st.just("wait"), st.integers(0, 30), st.just(0)),
        st.tuples(st.just("store"), st.just(0), st.just(0)),
    ),
    max_size=60,
)


def play(pool: PoolCore, steps: list[tuple[str, int, int]], *, time_passes: bool) -> tuple[PoolCore, float, float]:
    """The pool afterwards, the moment, and the input tokens that were really used."""
    now, used = 0.0, 0.0
    for kind, number, tokens in steps:
        lease, user = f"call-{number}", f"user-{number % 3}"
        if kind == "ask":
            pool.acquire(now, lease=lease, claim=Claim(user=user, cost=cost(tokens), continuing=number % 2 == 0))
        elif kind == "done" and lease in pool.state.held and pool.state.held[lease].sent_at is not None:
            used += tokens
            pool.done(now, lease=lease, counted=cost(tokens))
        elif kind == "cancel":
            pool.cancel(now, lease=lease)
        elif kind == "wait" and time_passes:
            now += number
        elif kind == "store":
            pool = PoolCore(limits=pool.limits, state=PoolState.from_dict(pool.state.to_dict()))
    return pool, now, used


@settings(max_examples=200)
@given(STEPS)
def test_what_is_missing_is_what_was_used_or_is_held(steps: list[tuple[str, int, int]]) -> None:
    pool, _, used = play(core(), steps, time_passes=False)
    held = sum(one.cost["input"] for one in pool.state.held.values())
    full = core().state.buckets["input"].level
    assert pool.state.buckets["input"].level == pytest.approx(full - used - held)


@settings(max_examples=200)
@given(STEPS)
def test_a_bucket_never_holds_more_than_it_can_and_comes_back_full(steps: list[tuple[str, int, int]]) -> None:
    pool, now, _ = play(core(replace(LIMITS, concurrency=3)), steps, time_passes=True)
    for bucket in pool.state.buckets.values():
        assert bucket.level <= bucket.capacity + 1e-9
    assert len(pool.state.held) <= 3
    assert not set(pool.state.held) & set(pool.state.waiting)
    pool.pass_time(now + LEASE_SECONDS + 1)
    pool.pass_time(now + LEASE_SECONDS + 3_600)
    assert (pool.state.held, pool.state.waiting) == ({}, {})
    for bucket in pool.state.buckets.values():
        assert bucket.level == pytest.approx(bucket.capacity)
    last = pool.acquire(pool.state.at, lease="last", claim=Claim(user="ann", cost=cost(39_000)))
    assert granted(last)


@settings(max_examples=100)
@given(STEPS)
def test_idle_users_leave_nothing_behind(steps: list[tuple[str, int, int]]) -> None:
    pool, now, _ = play(core(), steps, time_passes=True)
    for lease in [*pool.state.held, *pool.state.waiting]:
        pool.cancel(now, lease=lease)
    for user, finish in pool.state.finish.items():
        assert finish > pool.state.virtual, user


ON_THE_WAY = st.floats(0.0, ARRIVES_WITHIN)
LATE = st.lists(st.tuples(st.floats(0.0, 20.0), ON_THE_WAY, st.integers(1, 39_000)), min_size=1, max_size=25)
"""Calls: seconds after the one before, seconds on the way to the provider, tokens."""


@settings(max_examples=200)
@given(LATE)
def test_however_late_calls_arrive_the_provider_has_what_they_take(calls: list[tuple[float, float, int]]) -> None:
    """A busy machine holds calls up for much longer than `LAG`. Ask for each in turn; the provider answers as it
    arrives."""
    pool, now = core(), 0.0
    arrivals: list[tuple[float, str, int]] = []
    debits: list[tuple[float, int]] = []

    def answer_until(moment: float) -> None:
        for arrival in sorted(arrivals):
            if arrival[0] <= moment:
                arrivals.remove(arrival)
                debits.append((arrival[0], arrival[2]))
                first_byte(pool, arrival[0], lease=arrival[1], counted={}, headers=None)

    for n, (gap, delay, tokens) in enumerate(calls):
        now += gap
        answer_until(now)
        claim = Claim(user="ann", cost={"requests": 0.0, "input": float(tokens), "output": 0.0})
        if granted(pool.acquire(now, lease=f"call-{n}", claim=claim)):
            arrivals.append((now + delay, f"call-{n}", tokens))
        else:
            pool.cancel(now, lease=f"call-{n}")
    answer_until(now + 60.0)
    rate = 40_000 / 60
    level, at = 40_000.0, 0.0
    for moment, tokens in sorted(debits):
        level, at = min(40_000.0, level + rate * (moment - at)) - tokens, moment
        assert level >= -1e-6
