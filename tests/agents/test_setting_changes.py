from __future__ import annotations

from typing import Any

import pytest
from django import forms

from accounts.refusals import InvalidRequest
from agents.setting_changes import SettingChanges, from_text, must_be, validated
from agents.setting_fields import InheritableWordField, NumberField, WordField
from agents.setting_ranges import (
    ALL_RANGES,
    CONTEXT_TOKEN_LIMIT,
    EFFORT,
    LAST_MESSAGES,
    MAX_ITERATIONS,
    MAX_OUTPUT_TOKENS,
    TEMPERATURE,
    Range,
    Setting,
)

NO_NUMBERS: list[Any] = ["8192", "", "٨١٩٢", "1e3", True, False, None, [], {}, float("nan"), float("inf"), 10**400]

NO_WORDS: list[Any] = [
    "High",
    " high",
    "highest",
    "default",
    "\u0000",
    0,
    1,
    True,
    None,
    [],
    ["high"],
    {},
    float("nan"),
]


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
        ("last_messages", 0),
        ("last_messages", 200),
        ("max_age_minutes", 0),
        ("max_age_minutes", 10_080),
        ("context_token_limit", 0),
        ("context_token_limit", 1_000),
        ("context_token_limit", 2_000_000),
        ("response_token_limit", 0),
        ("response_token_limit", 1),
        ("response_token_limit", 1_000_000),
        *(("effort", word) for word in ("", "none", "minimal", "low", "medium", "high", "xhigh", "max")),
    ],
)
def test_every_value_in_the_range_is_taken_as_it_is(name: str, value: object) -> None:
    assert validated({name: value}) == {name: value}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((bounds.name, value) for bounds in ALL_RANGES for value in NO_NUMBERS),
        *(("max_output_tokens", value) for value in (0, 999, 100_001, -1, 1e3, 8192.0, 8192.5)),
        *(("temperature", value) for value in (-0.1, 2.01, 3)),
        *(("max_iterations", value) for value in (0, 26, 10**9, 1.0, -1)),
        *(("last_messages", value) for value in (-1, 201, 0.0)),
        *(("max_age_minutes", value) for value in (-1, 10_081)),
        *(("context_token_limit", value) for value in (-1, 1, 999, 2_000_001)),
        *(("response_token_limit", value) for value in (-1, 1_000_001)),
        *(("effort", value) for value in NO_WORDS),
    ],
)
def test_everything_else_is_refused_with_its_field_and_range(name: str, value: object) -> None:
    with pytest.raises(InvalidRequest) as refused:
        validated({name: value})
    fields = refused.value.params["fields"]
    assert list(fields) == [name]
    assert fields[name].startswith("must be ")


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        (MAX_OUTPUT_TOKENS, "must be a whole number from 1,000 to 100,000"),
        (TEMPERATURE, "must be a number from 0.0 to 2.0"),
        (LAST_MESSAGES, "must be a whole number from 0 to 200"),
        (CONTEXT_TOKEN_LIMIT, "must be 0 or a whole number from 1,000 to 2,000,000"),
        (
            EFFORT,
            "must be one of none, minimal, low, medium, high, xhigh, max, or empty for the model's own default",
        ),
    ],
)
def test_a_refusal_names_the_range(bounds: Setting, words: str) -> None:
    assert must_be(bounds) == words


def test_unknown_settings_are_refused_and_all_faults_are_named_at_once() -> None:
    with pytest.raises(InvalidRequest) as refused:
        validated({"max_tokens": 1, "temperature": 9, "max_iterations": 5, "__proto__": 1})
    assert set(refused.value.params["fields"]) == {"max_tokens", "temperature", "__proto__"}


def test_only_what_is_named_is_changed() -> None:
    assert validated({}) == {}
    assert validated({"temperature": 0.0}) == {"temperature": 0.0}


def test_minus_zero_is_zero() -> None:
    assert str(validated({"temperature": -0.0})["temperature"]) == "0.0"


def test_the_schema_says_what_is_checked_and_names_no_default() -> None:
    schema = SettingChanges.model_json_schema()["properties"]
    assert {name: {"title": field.pop("title")} | field for name, field in schema.items()} == {
        "max_output_tokens": {"title": "Max Output Tokens", "type": "integer", "minimum": 1_000, "maximum": 100_000},
        "temperature": {"title": "Temperature", "type": "number", "minimum": 0.0, "maximum": 2.0},
        "max_iterations": {"title": "Max Iterations", "type": "integer", "minimum": 1, "maximum": 25},
        "last_messages": {"title": "Last Messages", "type": "integer", "minimum": 0, "maximum": 200},
        "max_age_minutes": {"title": "Max Age Minutes", "type": "integer", "minimum": 0, "maximum": 10_080},
        "context_token_limit": {
            "title": "Context Token Limit",
            "anyOf": [
                {"type": "integer", "const": 0},
                {"type": "integer", "minimum": 1_000, "maximum": 2_000_000},
            ],
        },
        "response_token_limit": {
            "title": "Response Token Limit",
            "anyOf": [{"type": "integer", "const": 0}, {"type": "integer", "minimum": 1, "maximum": 1_000_000}],
        },
        "effort": {
            "title": "Effort",
            "type": "string",
            "enum": ["", "none", "minimal", "low", "medium", "high", "xhigh", "max"],
        },
    }


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


@pytest.mark.parametrize("text", ["1e3", "nan", "٨", "true", "null", "-1", "3000000", "0x10", "1,000"])
@pytest.mark.parametrize("bounds", ALL_RANGES, ids=lambda bounds: bounds.name)
def test_a_forms_field_is_as_strict(bounds: Range, text: str) -> None:
    with pytest.raises(forms.ValidationError) as refused:
        NumberField(bounds).clean(text)
    assert refused.value.messages == [f"{bounds.label} {must_be(bounds)}."]


@pytest.mark.parametrize("text", ["High", " high", "default", "0", "-", "\u0000"])
def test_a_forms_word_is_as_strict(text: str) -> None:
    with pytest.raises(forms.ValidationError) as refused:
        WordField(EFFORT).clean(text)
    assert refused.value.messages == [f"{EFFORT.label} {must_be(EFFORT)}."]


@pytest.mark.parametrize("text", [None, "-"])
def test_a_form_that_says_nothing_of_a_word_does_not_mean_the_default(text: str | None) -> None:
    with pytest.raises(forms.ValidationError):
        WordField(EFFORT).clean(text)


@pytest.mark.parametrize(("text", "value"), [("", None), ("-", ""), ("high", "high"), ("none", "none")])
def test_where_a_word_may_be_inherited_the_default_is_another_choice(text: str, value: str | None) -> None:
    field = InheritableWordField(EFFORT)
    assert field.clean(text) == value
    assert field.prepare_value(value) == text
    assert not field.has_changed(value, text)
    assert field.has_changed("low", text)
