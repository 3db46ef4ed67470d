"""What a provider says of its own rate limits, by the minute, whatever its headers are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Dimension = Literal["requests", "input", "output", "tokens"]
"""What a provider counts by the minute. `tokens` is input and output together, for providers that count so."""


@dataclass(frozen=True, kw_only=True)
class Rates:
    """`limits` per minute and what was `remaining` of them when the call was admitted or refused. `refused` is the
    dimension that a refusal names, `too_large` the limit that a single call is over for good; None where it does not
    say."""

    limits: Mapping[Dimension, float] = field(default_factory=dict)
    remaining: Mapping[Dimension, float] = field(default_factory=dict)
    refused: Dimension | None = None
    too_large: float | None = None
