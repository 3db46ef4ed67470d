"""The seam for enforced rate limits, and how each vendor tells them in its response headers.

For now the sandbox limits nobody (`Unlimited`); an enforcing `AccountLimits` can take its place.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, Protocol

from agents.sandbox.served import ServedModel, Vendor

Dimension = Literal["requests", "input_tokens", "output_tokens", "tokens"]


@dataclass(frozen=True, kw_only=True)
class BucketLevel:
    """How full one bucket is: `limit` per minute, `remaining` now, and the seconds until it is full again."""

    dimension: Dimension
    limit: int
    remaining: float
    full_in: float


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """The bucket that holds a request for `model` back, and the seconds until it would admit it. `requested` is in the
    bucket's unit."""

    model: str
    level: BucketLevel
    requested: int
    retry_after: float


@dataclass(frozen=True, kw_only=True)
class Admission:
    """Whether a request may begin, and the levels that its response headers tell (none: no such headers)."""

    levels: tuple[BucketLevel, ...] = ()
    refusal: Refusal | None = None


class AccountLimits(Protocol):
    """Decides on requests of an account, which is one credential. Counts are tokens."""

    def admit(self, *, account: str, model: ServedModel, input_tokens: int, max_tokens: int) -> Admission:
        """Takes what the request costs at once, or refuses it. `input_tokens` are those that count: Anthropic gives
        what is read from the prompt cache for nothing, OpenAI does not."""

    def produced(self, *, account: str, model: ServedModel, output_tokens: int) -> None:
        """Takes what a reply has produced, once it has ended, however it ended."""


class Unlimited:
    """Admits everything and tells no levels."""

    def admit(self, *, account: str, model: ServedModel, input_tokens: int, max_tokens: int) -> Admission:
        return Admission()

    def produced(self, *, account: str, model: ServedModel, output_tokens: int) -> None:
        return None


def rate_headers(levels: Sequence[BucketLevel], *, vendor: Vendor, now: float) -> dict[str, str]:
    """The levels as response headers of `vendor`; `now` is Unix time in seconds."""
    headers: dict[str, str] = {}
    for level in levels:
        headers |= _anthropic_headers(level, now=now) if vendor == "anthropic" else _openai_headers(level)
    return headers


def _anthropic_headers(level: BucketLevel, *, now: float) -> Mapping[str, str]:
    """Resets are RFC 3339 with whole seconds; remaining tokens are rounded to the nearest thousand."""
    name = f"anthropic-ratelimit-{level.dimension.replace('_', '-')}"
    remaining = max(0.0, level.remaining)
    shown = math.floor(remaining) if level.dimension == "requests" else round(remaining / 1000) * 1000
    reset = datetime.fromtimestamp(math.ceil(now + level.full_in), tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {f"{name}-limit": str(level.limit), f"{name}-remaining": str(shown), f"{name}-reset": reset}


def _openai_headers(level: BucketLevel) -> Mapping[str, str]:
    """Resets are Go durations."""
    return {
        f"x-ratelimit-limit-{level.dimension}": str(level.limit),
        f"x-ratelimit-remaining-{level.dimension}": str(math.floor(max(0.0, level.remaining))),
        f"x-ratelimit-reset-{level.dimension}": go_duration(level.full_in),
    }


def go_duration(seconds: float) -> str:
    """Seconds as Go prints a duration, in whole milliseconds: "120ms", "8.64s", "6m0s", "1h0m0s"."""
    millis = max(0, round(seconds * 1000))
    if millis < 1000:
        return f"{millis}ms" if millis else "0s"
    minutes, rest = divmod(millis, 60_000)
    hours, minutes = divmod(minutes, 60)
    last = f"{rest / 1000:.3f}".rstrip("0").rstrip(".") + "s"
    return (f"{hours}h" if hours else "") + (f"{minutes}m" if hours or minutes else "") + last
