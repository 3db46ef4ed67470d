"""The arithmetic of a bucket."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.sandbox.rates.bucket import Bucket, full_bucket

EMPTY = Bucket(limit=30_000, capacity=30_000, level=0, at=0)


def test_it_refills_continuously_up_to_its_capacity() -> None:
    assert [EMPTY.refilled(seconds).level for seconds in (0, 0.001, 1, 30, 60, 3_600)] == [
        0,
        0.5,
        500,
        15_000,
        30_000,
        30_000,
    ]


def test_a_clock_that_goes_back_refills_nothing_and_forgets_nothing() -> None:
    later = EMPTY.refilled(10)
    back = later.refilled(4)
    assert (back.level, back.at) == (5_000, 10)
    assert back.refilled(11).level == 5_500


def test_the_wait_of_a_public_429() -> None:
    """Limit 30000, Used 14567, Requested 24754: try again in 18.642 s."""
    bucket = EMPTY.refilled(60).without(14_567)
    assert bucket.wait_for(24_754) == pytest.approx(18.642, abs=1e-9)
    assert bucket.full_in == pytest.approx(29.134)


def test_a_debt_must_be_worked_off() -> None:
    assert EMPTY.without(1_000).wait_for(1) == pytest.approx(1_001 / 500)


def test_a_shorter_minute_refills_faster() -> None:
    bucket = full_bucket(limit=30_000, capacity=30_000, now=0, minute=1).without(30_000)
    assert bucket.refilled(0.5).level == 15_000
    assert bucket.wait_for(15_000) == 0.5


@given(
    limit=st.integers(1, 5_000_000),
    taken=st.integers(0, 5_000_000),
    wanted=st.integers(1, 5_000_000),
    at=st.floats(0, 2e9),
    minute=st.floats(0.01, 60),
)
def test_whoever_waits_as_long_as_told_is_let_in_and_no_sooner(
    limit: int, taken: int, wanted: int, at: float, minute: float
) -> None:
    wanted = min(wanted, limit)
    bucket = full_bucket(limit=limit, capacity=limit, now=0, minute=minute).without(taken)
    wait = bucket.wait_for(wanted)
    assert bucket.refilled(wait).whole >= wanted
    if wait:
        assert bucket.whole < wanted
        assert bucket.refilled(wait * 0.999 - 2 * minute / limit).whole < wanted
