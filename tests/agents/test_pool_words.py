from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agents.governor.levels import Level, PoolLevels, levels_of
from agents.governor.limits import PoolLimits
from agents.pool_words import advice_on, free_of, queue_of

FRESH = levels_of(PoolLimits(per_minute={"requests": 50.0, "input": 40_000.0}), None, now=0.0)
REQUESTS, INPUT = FRESH.dimensions


def pool(*dimensions: Level, **fields: Any) -> PoolLevels:
    return replace(FRESH, dimensions=dimensions, **fields)


def test_what_is_free_of_a_minute_or_of_what_may_be_used_at_once() -> None:
    assert free_of(INPUT) == "40,000 of 40,000 free"
    assert free_of(replace(INPUT, level=INPUT.capacity / 4)) == "10,000 of 40,000 free"
    assert free_of(replace(INPUT, level=-5_000.0)) == "0 of 40,000 free"
    assert free_of(REQUESTS) == "4 of 4 free at once"
    assert free_of(replace(REQUESTS, level=-0.5)) == "0 of 4 free at once"


def test_where_all_is_as_entered_there_is_nothing_to_say() -> None:
    assert advice_on(FRESH) == []
    assert advice_on(pool(replace(INPUT, configured=None, learnt=40_000.0, foreign=0.04))) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"learnt": 30_000.0},
            "Input tokens: 40,000 a minute are entered, but the provider enforces 30,000. Calls are held to 30,000. "
            "Enter 30,000 here, or have the limit raised in the provider's console.",
        ),
        (
            {"learnt": 80_000.0},
            "Input tokens: 40,000 a minute are entered, but the provider allows 80,000, and that is used. Enter 80,000 "
            "here, so that it is known from the first call on.",
        ),
        (
            {"burst": 20.4},
            "Input tokens: the provider refused calls although its limit per minute was not reached, so only 20 "
            "seconds of it are used at once, not 60. If this stays so, enter 20 as Token burst seconds.",
        ),
        (
            {"foreign": 0.25},
            "Input tokens: about 25% seem to be used by others with the same key. To have it all, give this "
            "installation a key of its own.",
        ),
    ],
)
def test_what_differs_comes_with_what_to_do(changes: dict[str, Any], said: str) -> None:
    assert advice_on(pool(REQUESTS, replace(INPUT, **changes))) == [said]


def test_a_burst_below_a_second_is_entered_as_one() -> None:
    (said,) = advice_on(pool(replace(REQUESTS, burst=0.3)))
    assert said.startswith("Requests: the provider refused calls")
    assert "only 0.3 seconds of it are used at once, not 6. If this stays so, enter 1 as Request burst seconds." in said


def test_who_waits() -> None:
    assert queue_of(FRESH) == ""
    assert queue_of(pool(waiting=1, wait=11.2)) == "1 call waits; a new small one would, too, for about 12 s."
    assert queue_of(pool(waiting=2, wait=3.0)).startswith("2 calls wait; ")
    assert queue_of(pool(waiting=2, wait=None, closed="no money left")) == "Nothing is sent now: no money left."
