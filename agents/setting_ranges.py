"""The settings of one provider/model pair: their ranges, choices, steps and built-in defaults, said once.

The form, the API, the admin and the database constraints all read what stands here (source: the product's
specification).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from agents.llm.capabilities import Effort

SettingName = Literal[
    "max_output_tokens",
    "temperature",
    "max_iterations",
    "last_messages",
    "max_age_minutes",
    "context_token_limit",
    "response_token_limit",
    "effort",
]

NO_CAP = "no cap"
AS_MAX_OUTPUT_TOKENS = "as Max Output Tokens says"
AS_THE_MODEL_DOES = "the model's own default"


@dataclass(frozen=True, kw_only=True)
class Range:
    """Both ends are allowed values. `unit` is what one step counts. Where 0 stands for something else than a number of
    that unit, `zero_means` says for what; then it is allowed, too."""

    name: SettingName
    label: str
    minimum: float
    maximum: float
    step: float
    unit: str
    description: str
    advanced: bool = False
    zero_means: str = ""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One of a few words, or "", which stands for `empty_means`. Not every model has each of them."""

    name: SettingName
    label: str
    words: tuple[str, ...]
    empty_means: str
    description: str
    advanced: bool = True
    unit: str = ""


Setting = Range | Choice

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

LAST_MESSAGES = Range(
    name="last_messages",
    label="Last Messages",
    minimum=0,
    maximum=200,
    step=1,
    unit="messages",
    description="How many messages of earlier turns may be sent; a reply counts one, whatever it took. 0: no cap.",
    advanced=True,
    zero_means=NO_CAP,
)
MAX_AGE_MINUTES = Range(
    name="max_age_minutes",
    label="Max Age",
    minimum=0,
    maximum=10_080,
    step=1,
    unit="minutes",
    description="Older turns are not sent; the current one always is. 0: no cap.",
    advanced=True,
    zero_means=NO_CAP,
)
CONTEXT_TOKEN_LIMIT = Range(
    name="context_token_limit",
    label="Context Token Limit",
    minimum=1_000,
    maximum=2_000_000,
    step=1,
    unit="tokens",
    description="Splits the input limit from the reply cap, up to the model's window. 0: as Max Output Tokens says.",
    advanced=True,
    zero_means=AS_MAX_OUTPUT_TOKENS,
)
RESPONSE_TOKEN_LIMIT = Range(
    name="response_token_limit",
    label="Response Token Limit",
    minimum=1,
    maximum=1_000_000,
    step=1,
    unit="tokens",
    description="Caps the reply by itself, up to the model's maximum. 0: as Max Output Tokens says.",
    advanced=True,
    zero_means=AS_MAX_OUTPUT_TOKENS,
)

EFFORT = Choice(
    name="effort",
    label="Thinking Effort",
    words=get_args(Effort),
    empty_means=AS_THE_MODEL_DOES,
    description="How much the model thinks before it answers. What it thinks counts as output.",
)

RANGES: tuple[Range, ...] = (MAX_OUTPUT_TOKENS, TEMPERATURE, MAX_ITERATIONS)
ADVANCED_RANGES: tuple[Range, ...] = (LAST_MESSAGES, MAX_AGE_MINUTES, CONTEXT_TOKEN_LIMIT, RESPONSE_TOKEN_LIMIT)
ALL_RANGES: tuple[Range, ...] = (*RANGES, *ADVANCED_RANGES)
ALL_SETTINGS: tuple[Setting, ...] = (*ALL_RANGES, EFFORT)
SETTING_OF: Mapping[SettingName, Setting] = {setting.name: setting for setting in ALL_SETTINGS}


@dataclass(frozen=True, kw_only=True)
class SettingValues:
    """One complete set of values: tokens, sampling temperature, model calls per turn; then the advanced ones.

    0 means: no cap (`last_messages`, `max_age_minutes`), or whatever `max_output_tokens` says (the two limits). Without
    a temperature none is sent; without an effort (or with "") none is, and the model does as it does by itself.
    """

    max_output_tokens: int
    temperature: float | None
    max_iterations: int
    last_messages: int = 20
    max_age_minutes: int = 0
    context_token_limit: int = 0
    response_token_limit: int = 0
    effort: Effort | Literal[""] | None = ""

    @property
    def token_limit(self) -> int:
        """The most input tokens that one model call may carry."""
        return self.context_token_limit or self.max_output_tokens

    @property
    def reply_cap(self) -> int:
        """The most tokens that one reply may have."""
        return self.response_token_limit or self.max_output_tokens


ANTHROPIC_DEFAULTS = SettingValues(max_output_tokens=8_192, temperature=0.7, max_iterations=15)
OPENAI_DEFAULTS = SettingValues(max_output_tokens=16_384, temperature=0.7, max_iterations=15)
CUSTOM_DEFAULTS = SettingValues(max_output_tokens=4_096, temperature=0.7, max_iterations=10)
