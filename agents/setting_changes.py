"""What a change of settings may say, checked the same way for the form, the API, the admin and the configuration file.

Strict: a whole number is a JSON integer, or ASCII digits in a form; "8192", true, null, [], 1e3 and "١٢٣" are refused,
and "High" is not the word "high".
What an admin allows besides is the business of `setting_rules`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, cast

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, ValidationError
from pydantic_core import CoreSchema, core_schema

from accounts.refusals import InvalidRequest
from agents.setting_ranges import (
    CONTEXT_TOKEN_LIMIT,
    EFFORT,
    LAST_MESSAGES,
    MAX_AGE_MINUTES,
    MAX_ITERATIONS,
    MAX_OUTPUT_TOKENS,
    RESPONSE_TOKEN_LIMIT,
    TEMPERATURE,
    Choice,
    Range,
    Setting,
    SettingName,
)

Number = int | float
Value = Number | str
Changes = dict[SettingName, Value]
_DIGITS = re.compile(r"[0-9]{1,9}")
_DECIMAL = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")


def is_whole(bounds: Range) -> bool:
    return bounds.name != "temperature"


def must_be(setting: Setting) -> str:
    if isinstance(setting, Choice):
        return f"must be one of {', '.join(setting.words)}, or empty for {setting.empty_means}"
    if not is_whole(setting):
        return f"must be a number from {setting.minimum} to {setting.maximum}"
    zero = "0 or " if setting.zero_means and setting.minimum > 0 else ""
    return f"must be {zero}a whole number from {int(setting.minimum):,} to {int(setting.maximum):,}"


def checked(setting: Setting, value: object) -> Value:
    """The value, as it may be stored. ValueError, with what it must be, for everything else."""
    if isinstance(setting, Range):
        return checked_number(setting, value)
    if type(value) is not str or (value and value not in setting.words):
        raise ValueError(must_be(setting))
    return value


def checked_number(bounds: Range, value: object) -> Number:
    if not _is_number(bounds, value):
        raise ValueError(must_be(bounds))
    number = cast(Number, value)
    if not bounds.minimum <= number <= bounds.maximum and not (bounds.zero_means and number == 0):
        raise ValueError(must_be(bounds))
    return number if is_whole(bounds) else float(number) + 0.0  # minus zero is zero


def _is_number(bounds: Range, value: object) -> bool:
    """By its very type: true is an int to Python."""
    if is_whole(bounds):
        return type(value) is int
    return type(value) is int or (type(value) is float and math.isfinite(value))


@dataclass(frozen=True)
class _Checked:
    """Puts `checked` into a pydantic model and its JSON schema."""

    setting: Setting

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(lambda value: checked(self.setting, value))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        bounds = self.setting
        if isinstance(bounds, Choice):
            return {"type": "string", "enum": ["", *bounds.words]}
        if not is_whole(bounds):
            return {"type": "number", "minimum": bounds.minimum, "maximum": bounds.maximum}
        inside = {"type": "integer", "minimum": int(bounds.minimum), "maximum": int(bounds.maximum)}
        has_zero_apart = bounds.zero_means and bounds.minimum > 0
        return {"anyOf": [{"type": "integer", "const": 0}, inside]} if has_zero_apart else inside


def _absent() -> Any:
    """A factory, so that the schema names no default: what is absent is not changed."""
    return None


class SettingChanges(BaseModel):
    """Only the settings named are changed."""

    model_config = ConfigDict(extra="forbid")

    max_output_tokens: Annotated[int, _Checked(MAX_OUTPUT_TOKENS)] = Field(default_factory=_absent)
    temperature: Annotated[float, _Checked(TEMPERATURE)] = Field(default_factory=_absent)
    max_iterations: Annotated[int, _Checked(MAX_ITERATIONS)] = Field(default_factory=_absent)
    last_messages: Annotated[int, _Checked(LAST_MESSAGES)] = Field(default_factory=_absent)
    max_age_minutes: Annotated[int, _Checked(MAX_AGE_MINUTES)] = Field(default_factory=_absent)
    context_token_limit: Annotated[int, _Checked(CONTEXT_TOKEN_LIMIT)] = Field(default_factory=_absent)
    response_token_limit: Annotated[int, _Checked(RESPONSE_TOKEN_LIMIT)] = Field(default_factory=_absent)
    effort: Annotated[str, _Checked(EFFORT)] = Field(default_factory=_absent)

    def named(self) -> Changes:
        return cast(Changes, self.model_dump(exclude_unset=True))


def validated(changes: Mapping[Any, object]) -> Changes:
    """The changes as they may be stored. InvalidRequest names every bad field."""
    try:
        return SettingChanges.model_validate(changes).named()
    except ValidationError as error:
        raise InvalidRequest.of_fields({_field(item): _fault(item) for item in error.errors()}) from None


def from_text(setting: Setting, text: str) -> Value:
    """The number that a form's text says; a word, and any other text, as it is, for `validated` to judge."""
    if isinstance(setting, Choice):
        return text
    if is_whole(setting) and _DIGITS.fullmatch(text):
        return int(text)
    if not is_whole(setting) and _DECIMAL.fullmatch(text):
        return float(text)
    return text


def _field(item: Any) -> str:
    return str(item["loc"][0]) if item["loc"] else "settings"


def _fault(item: Any) -> str:
    if item["type"] == "extra_forbidden":
        return "is not a setting"
    return str(item["msg"]).removeprefix("Value error, ")
