"""Reads rate limits from a TOML file. What is wrong with it is said with its place, and nothing is served then."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from agents.sandbox.mistakes import Strict, parse_toml, read_text
from agents.sandbox.rates.pool import MINUTE, AnthropicPool, Charge, OpenAIPool, Overload, Pool, Ramp
from agents.sandbox.rates.shipped import SHIPPED_POOLS
from agents.sandbox.served import models_of

_UNIONS = ("anthropic", "openai")


@dataclass(frozen=True, kw_only=True)
class LimitsFile:
    """What such a file says; `pools` are those of the file and, behind them, those that are always there."""

    pools: tuple[Pool, ...]
    time_scale: float = 1.0


class _Ramp(Strict):
    free: int = Field(ge=1)
    growth: float = Field(default=0.5, gt=0)
    period: float = Field(default=900.0, ge=MINUTE)


class _Overload(Strict):
    every: int = Field(default=0, ge=0)
    chance: float = Field(default=0.0, ge=0, le=1)
    seed: int = 0

    @model_validator(mode="after")
    def _happens(self) -> _Overload:
        if not (self.every or self.chance):
            raise ValueError("must say how often: every, chance or both")
        return self


class _Pool(Strict):
    of: ClassVar[type[Pool]]
    rows: ClassVar[tuple[str, ...]] = ("requests", "spend_cap", "ramp", "overload")

    name: str = Field(min_length=1)
    models: list[str] = Field(min_length=1)
    requests: int | None = Field(default=None, ge=1)
    spaced_requests: bool = False
    spend_cap: int | None = Field(default=None, ge=1)
    ramp: _Ramp | None = None
    overload: _Overload | None = None

    @field_validator("models")
    @classmethod
    def _are_served(cls, patterns: list[str]) -> list[str]:
        served = models_of(cls.of.vendor)
        for pattern in patterns:
            alone = cls.of(name="", models=(pattern,))
            if not any(alone.holds(model) for model in served):
                raise ValueError(f"{pattern!r} fits no model that the sandbox serves in the way of {cls.of.vendor}")
        return patterns

    @model_validator(mode="after")
    def _limits_something(self) -> _Pool:
        if all(getattr(self, row) is None for row in self.rows):
            raise ValueError(f"must limit something: {', '.join(self.rows)}")
        if self.spaced_requests and self.requests is None:
            raise ValueError("spaced_requests needs requests")
        return self


class _AnthropicPool(_Pool):
    of = AnthropicPool
    rows = (*_Pool.rows, "input_tokens", "output_tokens")

    kind: Literal["anthropic"]
    input_tokens: int | None = Field(default=None, ge=1)
    output_tokens: int | None = Field(default=None, ge=1)
    count_cached_input: bool = False
    burst_seconds: float = Field(default=MINUTE, ge=1, le=MINUTE)


class _OpenAIPool(_Pool):
    of = OpenAIPool
    rows = (*_Pool.rows, "tokens")

    kind: Literal["openai"]
    tokens: int | None = Field(default=None, ge=1)
    charge: Charge = "sum"


class _File(Strict):
    time_scale: float = Field(default=1.0, gt=0, le=10_000)
    pool: list[Annotated[_AnthropicPool | _OpenAIPool, Field(discriminator="kind")]] = Field(min_length=1)

    @field_validator("pool")
    @classmethod
    def _names_differ(cls, pools: list[_AnthropicPool | _OpenAIPool]) -> list[_AnthropicPool | _OpenAIPool]:
        counted = Counter([pool.name for pool in (*pools, *SHIPPED_POOLS)])
        if twice := [name for name, times in counted.items() if times > 1]:
            raise ValueError(f"the name {twice[0]!r} is taken by another pool")
        return pools


def load_limits(path: Path) -> LimitsFile:
    """The limits in the file `path`. Raises FileError for a file that cannot be read, or is wrong."""
    return read_limits(read_text(path), name=str(path))


def read_limits(text: str, *, name: str = "limits") -> LimitsFile:
    """The limits that `text` describes; `name` is what errors call it. Raises FileError."""
    parsed = parse_toml(text, shape=_File, name=name, unions=_UNIONS)
    pools = tuple(_pool(pool) for pool in parsed.pool)
    return LimitsFile(pools=(*pools, *SHIPPED_POOLS), time_scale=parsed.time_scale)


def _pool(parsed: _AnthropicPool | _OpenAIPool) -> Pool:
    said = parsed.model_dump(exclude={"kind"}) | {
        "models": tuple(parsed.models),
        "ramp": Ramp(**parsed.ramp.model_dump()) if parsed.ramp else None,
        "overload": Overload(**parsed.overload.model_dump()) if parsed.overload else None,
    }
    return parsed.of(**said)
