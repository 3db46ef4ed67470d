"""What a change of settings may say, checked the same way for the form, the API and the admin.

Strict: a whole number is a JSON integer, or ASCII digits in a form; "8192", true, [], 1e3 and "١٢٣" are refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from accounts.refusals import InvalidRequest
from agents.setting_ranges import MAX_ITERATIONS, MAX_OUTPUT_TOKENS, TEMPERATURE, Range, SettingName

Value = int | float
Changes = dict[SettingName, Value | None]
_DIGITS = re.compile(r"[0-9]{1,9}")
_DECIMAL = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")


def is_whole(bounds: Range) -> bool:
    return bounds is not TEMPERATURE


def must_be(bounds: Range) -> str:
    if is_whole(bounds):
        return f"must be a whole number from {bounds.minimum:,} to {bounds.maximum:,}"
    return f"must be a number from {bounds.minimum} to {bounds.maximum}"


def _or_must_be(bounds: Range) -> WrapValidator:
    def check(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        try:
            return handler(value)
        except ValidationError:
            raise ValueError(must_be(bounds)) from None

    return WrapValidator(check)


def _whole(bounds: Range) -> Any:
    return Field(strict=True, ge=int(bounds.minimum), le=int(bounds.maximum))


def _without_sign_of_zero(value: float) -> float:
    return value + 0.0


class SettingChanges(BaseModel):
    """Only the settings named are changed; null goes back to what is inherited."""

    model_config = ConfigDict(extra="forbid")

    max_output_tokens: Annotated[Annotated[int, _whole(MAX_OUTPUT_TOKENS)] | None, _or_must_be(MAX_OUTPUT_TOKENS)] = (
        None
    )
    temperature: Annotated[
        Annotated[
            float,
            Field(strict=True, ge=TEMPERATURE.minimum, le=TEMPERATURE.maximum, allow_inf_nan=False),
            AfterValidator(_without_sign_of_zero),
        ]
        | None,
        _or_must_be(TEMPERATURE),
    ] = None
    max_iterations: Annotated[Annotated[int, _whole(MAX_ITERATIONS)] | None, _or_must_be(MAX_ITERATIONS)] = None

    def named(self) -> Changes:
        return cast(Changes, self.model_dump(exclude_unset=True))


def validated(changes: Mapping[Any, object]) -> Changes:
    """The changes as they may be stored. InvalidRequest names every bad field."""
    try:
        return SettingChanges.model_validate(changes).named()
    except ValidationError as error:
        raise InvalidRequest.of_fields({_field(item): _fault(item) for item in error.errors()}) from None


def from_text(bounds: Range, text: str) -> Value | str:
    """The number that a form's text says; any other text as it is, for `validated` to refuse."""
    if is_whole(bounds) and _DIGITS.fullmatch(text):
        return int(text)
    if not is_whole(bounds) and _DECIMAL.fullmatch(text):
        return float(text)
    return text


def _field(item: Any) -> str:
    return str(item["loc"][0]) if item["loc"] else "settings"


def _fault(item: Any) -> str:
    if item["type"] == "extra_forbidden":
        return "is not a setting"
    return str(item["msg"]).removeprefix("Value error, ")
