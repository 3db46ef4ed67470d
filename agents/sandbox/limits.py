"""The seam for rate limits, and how each vendor tells them in its response headers.

`Unlimited` limits nobody; `agents.sandbox.rates` enforces limits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, Protocol

from agents.sandbox.served import ServedModel, Vendor
from agents.sandbox.tally import PoolReport

Dimension = Literal["requests", "input_tokens", "output_tokens", "tokens"]

HaltFault = Literal["error_529", "error_503", "spend_limit", "ramp_limit"]
"""The errors of the wires that are no matter of a bucket."""


@dataclass(frozen=True, kw_only=True)
class BucketLevel:
    """How full one bucket is: `limit` per minute, `remaining` now, and the seconds until it is full again."""

    dimension: Dimension
    limit: int
    remaining: float
    full_in: float


@dataclass(frozen=True, kw_only=True)
class Demand:
    """What a request asks for, in tokens: all of its input, what of that is read from the prompt cache, and the cap
    that it puts on its reply (None: none)."""

    input_tokens: int
    cached_tokens: int = 0
    cap: int | None = None


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """The bucket that holds a request for `model` back, as it was found, and the seconds until it would admit it.
    `requested` is in the bucket's unit. `never_fits`: it is more than the bucket can hold."""

    model: str
    level: BucketLevel
    requested: int
    retry_after: float
    never_fits: bool = False


@dataclass(frozen=True, kw_only=True)
class Halt:
    """Something else than a bucket holds a request back: the error that tells it, and the seconds until it would be
    admitted (None: nobody can say)."""

    fault: HaltFault
    retry_after: float | None = None


@dataclass(frozen=True, kw_only=True)
class Admission:
    """Whether a request may begin, and the levels that its response headers tell (none: no such headers)."""

    levels: tuple[BucketLevel, ...] = ()
    refusal: Refusal | Halt | None = None


class AccountLimits(Protocol):
    """Decides on requests of an account, which is one credential (`account_of`)."""

    def admit(self, *, account: str, model: ServedModel, demand: Demand) -> Admission:
        """Takes what the request costs at once, or refuses it."""

    def failed(self, *, account: str, model: ServedModel) -> Sequence[BucketLevel]:
        """A request broke a rule of the API; the levels that its response headers tell."""

    def produced(self, *, account: str, model: ServedModel, output_tokens: int) -> None:
        """Takes what a reply has produced since it was last told, while the reply is under way."""

    def report(self, *, account: str, reset: bool = False) -> Sequence[PoolReport]:
        """What the account has used of every pool; with `reset` its counters begin anew in the same step."""


class Unlimited:
    """Admits everything, tells no levels and counts nothing."""

    def admit(self, *, account: str, model: ServedModel, demand: Demand) -> Admission:
        return Admission()

    def failed(self, *, account: str, model: ServedModel) -> Sequence[BucketLevel]:
        return ()

    def produced(self, *, account: str, model: ServedModel, output_tokens: int) -> None:
        return None

    def report(self, *, account: str, reset: bool = False) -> Sequence[PoolReport]:
        return ()


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


def whole_seconds(seconds: float) -> int:
    """Seconds as `retry-after` tells them: rounded up, at least one."""
    return max(1, math.ceil(seconds - 1e-9))
