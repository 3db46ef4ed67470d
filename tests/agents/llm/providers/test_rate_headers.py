from __future__ import annotations

import pytest

from agents.llm.providers.rate_headers import named_limit, rates_of, refused_dimension

ANTHROPIC = {
    "anthropic-ratelimit-requests-limit": "50",
    "anthropic-ratelimit-requests-remaining": "49",
    "anthropic-ratelimit-input-tokens-limit": "40000",
    "anthropic-ratelimit-input-tokens-remaining": "31000",
    "anthropic-ratelimit-output-tokens-limit": "8000",
    "anthropic-ratelimit-output-tokens-remaining": "8000",
    "anthropic-ratelimit-tokens-limit": "48000",
    "anthropic-ratelimit-tokens-remaining": "39000",
    "anthropic-ratelimit-input-tokens-reset": "2026-11-22T07:17:09Z",
}
OPENAI = {
    "x-ratelimit-limit-requests": "500",
    "x-ratelimit-remaining-requests": "499",
    "x-ratelimit-reset-requests": "120ms",
    "x-ratelimit-limit-tokens": "30000",
    "x-ratelimit-remaining-tokens": "15433",
    "x-ratelimit-reset-tokens": "29.134s",
}


def test_anthropic_s_limits_without_the_sum_of_two_of_them() -> None:
    rates = rates_of(ANTHROPIC)
    assert rates.limits == {"requests": 50.0, "input": 40_000.0, "output": 8_000.0}
    assert rates.remaining == {"requests": 49.0, "input": 31_000.0, "output": 8_000.0}


def test_openai_s_limits() -> None:
    rates = rates_of(OPENAI)
    assert rates.limits == {"requests": 500.0, "tokens": 30_000.0}
    assert rates.remaining == {"requests": 499.0, "tokens": 15_433.0}


def test_a_limit_by_the_day_is_none_by_the_minute() -> None:
    daily = OPENAI | {
        "x-ratelimit-limit-requests": "10000",
        "x-ratelimit-remaining-requests": "9999",
        "x-ratelimit-reset-requests": "8.64s",
    }
    assert "requests" not in rates_of(daily).limits
    assert "tokens" in rates_of(daily).limits


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-ratelimit-limit-tokens": "many"},
        {"x-ratelimit-limit-tokens": "inf"},
        {"x-ratelimit-limit-tokens": "nan", "x-ratelimit-remaining-tokens": "5"},
        {"x-ratelimit-remaining-tokens": "5"},
        {"anthropic-ratelimit-input-tokens-limit": ""},
    ],
)
def test_nonsense_says_nothing(headers: dict[str, str]) -> None:
    rates = rates_of(headers)
    assert (rates.limits, rates.remaining) == ({}, {})


def test_less_than_nothing_is_nothing() -> None:
    assert rates_of(OPENAI | {"x-ratelimit-remaining-tokens": "-1"}).remaining["tokens"] == 0.0


@pytest.mark.parametrize("reset", ["", "soon", "1 day", "-"])
def test_a_reset_that_cannot_be_read_leaves_the_limit(reset: str) -> None:
    assert rates_of(OPENAI | {"x-ratelimit-reset-requests": reset}).limits["requests"] == 500.0


@pytest.mark.parametrize(
    ("kind", "text", "dimension"),
    [
        ("rate_limit_error", "would exceed your organization's rate limit of 30,000 input tokens per minute.", "input"),
        ("rate_limit_error", "would exceed the rate limit of 8,000 output tokens per minute.", "output"),
        ("rate_limit_error", "the rate limit of 50 requests per minute", "requests"),
        ("tokens", "Rate limit reached for gpt-4o in organization org-x on tokens per min (TPM): Limit 3", "tokens"),
        ("requests", "Rate limit reached for gpt-4o on requests per min (RPM): Limit 3, Used 3", "requests"),
        ("tokens", "", "tokens"),
        ("requests", "", "requests"),
        ("rate_limit_error", "Slow down.", None),
    ],
)
def test_what_a_refusal_names(kind: str, text: str, dimension: str | None) -> None:
    assert refused_dimension(kind=kind, text=text) == dimension


def test_the_limit_that_a_refusal_quotes() -> None:
    assert named_limit("Request too large for gpt-4o (TPM): Limit 30000, Requested 49152.") == 30_000.0
    assert named_limit("Limit: 30,000") == 30_000.0
    assert named_limit("Slow down.") is None
