"""Rate limits from response headers and refusals: Anthropic's names, OpenAI's, and those of gateways that copy them.

Sources: https://docs.claude.com/en/api/rate-limits (`anthropic-ratelimit-…`), and OpenAI's rate-limit guide
(`x-ratelimit-…`, with resets as Go durations). Headers may be missing altogether, and values make no sense at times.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

import durationpy

from agents.llm.rates import Dimension, Rates

_ANTHROPIC: dict[Dimension, str] = {"requests": "requests", "input": "input-tokens", "output": "output-tokens"}
_OPENAI: dict[Dimension, str] = {"requests": "requests", "tokens": "tokens"}
_LONGEST_MINUTE = 120.0
"""Seconds to refill a whole bucket from which on its limit is not one by the minute but by the day."""

_NAMED: tuple[tuple[re.Pattern[str], Dimension], ...] = (
    (re.compile(r"\binput tokens?\b", re.IGNORECASE), "input"),
    (re.compile(r"\boutput tokens?\b", re.IGNORECASE), "output"),
    (re.compile(r"\(TPM\)|\btokens per min", re.IGNORECASE), "tokens"),
    (re.compile(r"\(RPM\)|\brequests? per (?:min|sec)|\bnumber of requests\b", re.IGNORECASE), "requests"),
)
_LIMIT = re.compile(r"\bLimit:? ([\d,]+)")


def rates_of(headers: Mapping[str, str]) -> Rates:
    """Names in lower case. Empty where they say nothing of limits by the minute."""
    limits: dict[Dimension, float] = {}
    remaining: dict[Dimension, float] = {}
    told = [(dimension, *_anthropic(headers, name)) for dimension, name in _ANTHROPIC.items()]
    told += [(dimension, *_openai(headers, name)) for dimension, name in _OPENAI.items()]
    for dimension, limit, left in told:
        if limit is not None:
            limits[dimension] = limit
            if left is not None:
                remaining[dimension] = max(0.0, left)
    return Rates(limits=limits, remaining=remaining)


def refused_dimension(*, kind: str, text: str) -> Dimension | None:
    """What a refusal names: `kind` is the type of an OpenAI error, `text` its message."""
    for wording, dimension in _NAMED:
        if wording.search(text):
            return dimension
    if kind == "tokens":
        return "tokens"
    return "requests" if kind == "requests" else None


def named_limit(text: str) -> float | None:
    """The limit that a refusal quotes: "Limit 30000, Requested 49152"."""
    found = _LIMIT.search(text)
    return float(found.group(1).replace(",", "")) if found else None


def _anthropic(headers: Mapping[str, str], name: str) -> tuple[float | None, float | None]:
    limit, left = (_number(headers.get(f"anthropic-ratelimit-{name}-{what}")) for what in ("limit", "remaining"))
    return limit, left


def _openai(headers: Mapping[str, str], name: str) -> tuple[float | None, float | None]:
    limit, left = (_number(headers.get(f"x-ratelimit-{what}-{name}")) for what in ("limit", "remaining"))
    if limit is None or left is None or left >= limit:
        return limit, left
    # What is missing comes back in so many seconds: 8.64 for one of 10,000, where the limit is one by the day.
    reset = _seconds(headers.get(f"x-ratelimit-reset-{name}", ""))
    is_daily = reset is not None and reset * limit / (limit - max(0.0, left)) > _LONGEST_MINUTE
    return (None, None) if is_daily else (limit, left)


def _number(value: str | None) -> float | None:
    try:
        number = float(value) if value is not None else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _seconds(duration: str) -> float | None:
    try:
        return float(durationpy.from_str(duration).total_seconds())
    except (durationpy.DurationError, ValueError, OverflowError):
        return None
