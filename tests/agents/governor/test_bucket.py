"""The mirror never shows more than the provider has, whatever overtakes what on the way."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from agents.governor.bucket import Bucket
from agents.governor.limits import LAG

SECONDS = st.floats(0.0, 40.0)
DELAY = st.floats(0.0, LAG)


@dataclass(frozen=True, kw_only=True)
class Call:
    """`gap` after the one before it is asked for; `delay` on its way; `share` of what the mirror then holds."""

    gap: float
    delay: float
    share: float


CALLS = st.lists(st.builds(Call, gap=SECONDS, delay=DELAY, share=st.floats(0.0, 1.0)), min_size=1, max_size=40)


def provider_levels(debits: list[tuple[float, float]], *, size: float, rate: float) -> list[float]:
    """The level after each debit, in the order in which they arrive."""
    level, at, levels = size, 0.0, []
    for moment, amount in sorted(debits):
        level = min(size, level + rate * (moment - at)) - amount
        at = moment
        levels.append(level)
    return levels


@settings(max_examples=300)
@given(CALLS, st.floats(0.5, 5_000.0), st.floats(1.0, 60.0))
def test_no_call_that_the_mirror_admits_finds_the_provider_empty(calls: list[Call], rate: float, burst: float) -> None:
    if rate * (burst - LAG) < 1.0:
        return  # single requests only: see the test below
    mirror = Bucket(level=0.0, rate=rate, burst=burst)
    mirror.level = mirror.capacity
    now, debits = 0.0, []
    for call in calls:
        mirror.pass_time(call.gap)
        now += call.gap
        amount = max(0.0, mirror.level) * call.share
        mirror.level -= amount
        debits.append((now + call.delay, amount))
    lowest = min(provider_levels(debits, size=rate * burst, rate=rate))
    assert lowest >= -1e-6 * rate * burst


@settings(max_examples=300)
@given(st.lists(st.tuples(SECONDS, DELAY), min_size=1, max_size=40), st.floats(0.05, 5.0))
def test_a_provider_that_takes_single_requests_gets_them_far_enough_apart(
    calls: list[tuple[float, float]], rate: float
) -> None:
    mirror = Bucket(level=1.0, rate=rate, burst=1.0 / rate)
    if mirror.rate * (mirror.burst - LAG) >= 1.0:
        return
    now, debits = 0.0, []
    for gap, delay in calls:
        mirror.pass_time(gap)
        now += gap
        if mirror.level >= 1.0 - 1e-9:
            mirror.level -= 1.0
            debits.append((now + delay, 1.0))
    levels = provider_levels(debits, size=1.0, rate=rate)
    assert all(level >= -1e-6 for level in levels)


@given(st.floats(1.0, 1e6), st.floats(1.0, 60.0), st.floats(-1e6, 1e6), st.floats(0.0, 1e6))
def test_it_tells_when_an_amount_is_there(rate: float, burst: float, level: float, amount: float) -> None:
    bucket = Bucket(level=0.0, rate=rate, burst=burst)
    bucket.level = min(level, bucket.capacity)
    wanted = min(amount, bucket.capacity)
    seconds = bucket.seconds_until(amount)
    assert (seconds == 0.0) == (bucket.level >= wanted)
    bucket.pass_time(seconds)
    assert bucket.level >= wanted - 1e-6 * max(1.0, abs(wanted), rate)


def test_what_others_use_slows_the_refill_but_never_stops_it() -> None:
    bucket = Bucket(level=0.0, rate=100.0, burst=60.0, foreign=25.0)
    assert bucket.refill == 75.0
    bucket.foreign = 1_000.0
    assert bucket.refill == 5.0
    bucket.pass_time(-10.0)
    assert bucket.level == 0.0
