from __future__ import annotations

from dataclasses import replace

import pytest

from agents.models import RatePool
from agents.pool_estimate import Load, PoolLimits, calls_per_minute, safe_for_limit

LOAD = Load(token_limit=8_192, reply_cap=8_192, prefix_tokens=900)


def text(load: Load = LOAD, **limits: int | bool) -> str | None:
    safe = safe_for_limit(PoolLimits(**limits), load=load)  # type: ignore[arg-type]
    return None if safe is None else safe.text


def test_the_sentence() -> None:
    assert text(input_tokens=40_000) == (
        "8,192 tokens against 40,000/min: about 4 calls a minute before waiting; with cached prefixes about 29"
    )


def test_what_the_newest_calls_counted_says_more_than_simulated_ones() -> None:
    assert text(replace(LOAD, counted_per_call=2_000.0), input_tokens=40_000) == (
        "8,192 tokens against 40,000/min: about 4 calls a minute before waiting; with cached prefixes about 20, "
        "as your newest calls went"
    )
    never_more_than_a_full_call = replace(LOAD, counted_per_call=9_000.0)
    assert calls_per_minute(PoolLimits(input_tokens=40_000), load=never_more_than_a_full_call, cached=True) == (
        calls_per_minute(PoolLimits(input_tokens=40_000), load=LOAD, cached=False)
    )


def test_caching_does_not_help_where_cached_input_counts() -> None:
    expected = "8,192 tokens against 40,000/min: about 4 calls a minute before waiting"
    assert text(input_tokens=40_000, count_cached_input=True) == expected
    assert text(tokens=40_000) == "16,384 tokens against 40,000/min: about 2 calls a minute before waiting"


def test_a_limit_on_requests_binds_too() -> None:
    assert text(input_tokens=40_000, requests=3) == (
        "8,192 tokens against 40,000/min: about 3 calls a minute before waiting"
    )
    assert text(requests=50) == "50 requests/min: about 50 calls a minute before waiting"


def test_without_a_limit_there_is_nothing_to_say() -> None:
    assert text() is None
    assert PoolLimits.of(RatePool(output_tokens_per_minute=8_000)) == PoolLimits()


def test_a_call_that_is_more_than_a_minute_allows_is_named() -> None:
    full = Load(token_limit=50_000, reply_cap=1_000, prefix_tokens=900)
    assert text(full, input_tokens=40_000, count_cached_input=True) == (
        "50,000 tokens against 40,000/min: a full call is more than a whole minute allows, and could never be sent"
    )
    assert text(full, input_tokens=40_000) == (
        "50,000 tokens against 40,000/min: a full call without a cached prefix is more than a whole minute allows, and "
        "could never be sent; with cached prefixes about 37"
    )
    exact = Load(token_limit=40_000, reply_cap=1_000, prefix_tokens=900)
    assert "about 1 call a minute" in (text(exact, input_tokens=40_000) or "")


@pytest.mark.parametrize("limit", [1_000, 1_500, 3_000, 8_192, 32_000, 100_000])
@pytest.mark.parametrize("prefix", [0, 900, 5_000, 200_000])
def test_caching_never_makes_it_slower(limit: int, prefix: int) -> None:
    load = Load(token_limit=limit, reply_cap=1_000, prefix_tokens=prefix)
    pool = PoolLimits(input_tokens=450_000)
    plain, cached = (calls_per_minute(pool, load=load, cached=cached) for cached in (False, True))
    assert plain is not None
    assert cached is not None
    assert cached >= plain == 450_000 / limit
