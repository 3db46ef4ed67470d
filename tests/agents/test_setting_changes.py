from __future__ import annotations

from typing import Any

import pytest

from accounts.refusals import InvalidRequest
from agents.setting_changes import from_text, validated
from agents.setting_ranges import MAX_ITERATIONS, MAX_OUTPUT_TOKENS, RANGES, TEMPERATURE

NO_NUMBERS: list[Any] = ["8192", "", "٨١٩٢", True, False, [], {}, float("nan"), float("inf"), 10**400]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_output_tokens", 1_000),
        ("max_output_tokens", 8_193),
        ("max_output_tokens", 100_000),
        ("temperature", 0.0),
        ("temperature", 0),
        ("temperature", 0.75),
        ("temperature", 2.0),
        ("max_iterations", 1),
        ("max_iterations", 25),
        ("max_output_tokens", None),
    ],
)
def test_every_value_in_the_range_is_taken_as_it_is(name: str, value: object) -> None:
    assert validated({name: value}) == {name: value}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((bounds.name, value) for bounds in RANGES for value in NO_NUMBERS),
        *(("max_output_tokens", value) for value in (0, 999, 100_001, -1, 1e3, 8192.0, 8192.5)),
        *(("temperature", value) for value in (-0.1, 2.01, 3)),
        *(("max_iterations", value) for value in (0, 26, 10**9, 1.0, -1)),
    ],
)
def test_everything_else_is_refused_with_its_field_and_range(name: str, value: object) -> None:
    with pytest.raises(InvalidRequest) as refused:
        validated({name: value})
    fields = refused.value.params["fields"]
    assert list(fields) == [name]
    assert fields[name].startswith("must be a ")


def test_unknown_settings_are_refused_and_all_faults_are_named_at_once() -> None:
    with pytest.raises(InvalidRequest) as refused:
        validated({"max_tokens": 1, "temperature": 9, "max_iterations": 5, "__proto__": 1})
    assert set(refused.value.params["fields"]) == {"max_tokens", "temperature", "__proto__"}


def test_only_what_is_named_is_changed() -> None:
    assert validated({}) == {}
    assert validated({"temperature": 0.0}) == {"temperature": 0.0}


def test_minus_zero_is_zero() -> None:
    assert str(validated({"temperature": -0.0})["temperature"]) == "0.0"


@pytest.mark.parametrize(
    ("bounds", "text", "number"),
    [
        (MAX_OUTPUT_TOKENS, "8192", 8192),
        (MAX_OUTPUT_TOKENS, "1e3", "1e3"),
        (MAX_OUTPUT_TOKENS, "٨١٩٢", "٨١٩٢"),
        (MAX_OUTPUT_TOKENS, "8_192", "8_192"),
        (MAX_OUTPUT_TOKENS, "8192.0", "8192.0"),
        (MAX_OUTPUT_TOKENS, "9" * 5_000, "9" * 5_000),
        (MAX_ITERATIONS, "+5", "+5"),
        (TEMPERATURE, "0.7", 0.7),
        (TEMPERATURE, "1", 1.0),
        (TEMPERATURE, "0,7", "0,7"),
        (TEMPERATURE, "nan", "nan"),
        (TEMPERATURE, ".5", ".5"),
    ],
)
def test_a_forms_text_is_a_number_only_in_plain_digits(bounds: Any, text: str, number: object) -> None:
    assert from_text(bounds, text) == number
