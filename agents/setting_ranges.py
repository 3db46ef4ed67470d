"""The settings of one provider/model pair: their ranges, steps and built-in defaults, said once.

The form, the API, the admin and the database constraints all read these numbers (source: the product's specification).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SettingName = Literal["max_output_tokens", "temperature", "max_iterations"]


@dataclass(frozen=True, kw_only=True)
class Range:
    """Both ends are allowed values. `unit` is what one step counts."""

    name: SettingName
    label: str
    minimum: float
    maximum: float
    step: float
    unit: str
    description: str


MAX_OUTPUT_TOKENS = Range(
    name="max_output_tokens",
    label="Max Output Tokens",
    minimum=1_000,
    maximum=100_000,
    step=1,
    unit="tokens",
    description="The token limit: no model call carries more input than this. A reply is capped at it, too.",
)
TEMPERATURE = Range(
    name="temperature",
    label="Temperature",
    minimum=0.0,
    maximum=2.0,
    step=0.1,
    unit="",
    description="How freely the model picks its words. Sent only to models that accept it, clamped to their range.",
)
MAX_ITERATIONS = Range(
    name="max_iterations",
    label="Max Iterations",
    minimum=1,
    maximum=25,
    step=1,
    unit="model calls",
    description="How many model calls one turn may take. The last one may not call tools, so a turn ends in an answer.",
)

RANGES: tuple[Range, ...] = (MAX_OUTPUT_TOKENS, TEMPERATURE, MAX_ITERATIONS)


@dataclass(frozen=True, kw_only=True)
class SettingValues:
    """One complete set of values: tokens, sampling temperature, model calls per turn."""

    max_output_tokens: int
    temperature: float
    max_iterations: int


ANTHROPIC_DEFAULTS = SettingValues(max_output_tokens=8_192, temperature=0.7, max_iterations=15)
OPENAI_DEFAULTS = SettingValues(max_output_tokens=16_384, temperature=0.7, max_iterations=15)
CUSTOM_DEFAULTS = SettingValues(max_output_tokens=4_096, temperature=0.7, max_iterations=10)
