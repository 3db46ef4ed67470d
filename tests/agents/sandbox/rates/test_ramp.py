"""How quickly use may rise."""

from __future__ import annotations

from agents.sandbox.rates.pool import Ramp
from agents.sandbox.rates.ramp import RampState

RAMP = Ramp(free=1_000, growth=0.5, period=900)


def started() -> RampState:
    return RampState(RAMP, now=0, minute=60)


def used_fully(state: RampState, *, tokens: int, now: float) -> None:
    assert state.wait_for(tokens, now=now) == 0
    state.take(tokens, now=now)


def test_a_cold_start_has_what_is_free_in_each_minute() -> None:
    state = started()
    used_fully(state, tokens=1_000, now=5)
    assert state.wait_for(1, now=20) == 40
    used_fully(state, tokens=1_000, now=60)
    assert state.wait_for(1, now=119) == 1


def test_each_period_allows_half_as_much_again_as_was_used() -> None:
    state = started()
    used_fully(state, tokens=1_000, now=800)
    assert state.wait_for(1_500, now=899) == 1
    used_fully(state, tokens=1_500, now=900)
    assert state.wait_for(1, now=901) == 59
    used_fully(state, tokens=2_250, now=1_800)


def test_use_that_stays_low_earns_nothing_but_what_is_free() -> None:
    state = started()
    used_fully(state, tokens=100, now=0)
    assert state.wait_for(1_001, now=900) == 900
    used_fully(state, tokens=1_000, now=900)


def test_an_idle_period_is_a_cold_start() -> None:
    state = started()
    used_fully(state, tokens=1_000, now=0)
    used_fully(state, tokens=1_500, now=900)
    assert state.wait_for(1_001, now=2_700) == 900


def test_a_shorter_minute_shortens_the_period_too() -> None:
    state = RampState(RAMP, now=0, minute=1)
    used_fully(state, tokens=1_000, now=0)
    assert state.wait_for(1_000, now=0.25) == 0.75
    assert state.wait_for(1_500, now=5) == 10
    used_fully(state, tokens=1_500, now=15)
