from __future__ import annotations

from dataclasses import fields
from datetime import date

import pytest

from agents.llm.capabilities import Capabilities
from agents.llm.capability_overrides import OVERRIDABLE, as_stored, faults_of, overridden
from agents.llm.model_families import KNOWN, capabilities_of

UNKNOWN = capabilities_of("openai_chat", "our-own")


def test_everything_but_the_sizes_of_the_row_can_be_overridden() -> None:
    names = {field.name for field in fields(Capabilities)}
    assert names - set(OVERRIDABLE) == {"known", "refused", "context_window", "max_output_tokens"}


@pytest.mark.parametrize("model", sorted(KNOWN))
def test_every_built_in_value_can_be_stored_and_read_back(model: str) -> None:
    built_in = KNOWN[model]
    stored = {name: as_stored(name, getattr(built_in, name)) for name in OVERRIDABLE}
    assert faults_of(stored) == {}
    again = overridden(UNKNOWN, stored)
    assert {name: getattr(again, name) for name in OVERRIDABLE} == {
        name: getattr(built_in, name) for name in OVERRIDABLE
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", "yes"),
        ("temperature_max", 2.1),
        ("temperature_max", True),
        ("temperature_max", "1"),
        ("token_factor", 0),
        ("token_factor", 11),
        ("max_input_tokens", 0),
        ("max_input_tokens", "272000"),
        ("cache_minimum", 1.5),
        ("binds_thinking", 1),
        ("efforts", "low"),
        ("efforts", ["low", "extreme"]),
        ("retires", "tomorrow"),
        ("encoding", "p50k_base"),
        ("known", True),
        ("context_window", 8192),
        ("speed", "fast"),
    ],
)
def test_what_is_no_value_of_a_capability_is_named_and_not_used(name: str, value: object) -> None:
    overrides = {name: value, "token_parameter": "max_completion_tokens"}
    assert list(faults_of(overrides)) == [name]
    able = overridden(UNKNOWN, overrides)
    assert able.token_parameter == "max_completion_tokens"
    assert getattr(able, name, None) == getattr(UNKNOWN, name, None)


def test_who_says_whether_a_temperature_is_taken_makes_the_model_known() -> None:
    assert overridden(UNKNOWN, {"temperature": "range"}).known
    assert not overridden(UNKNOWN, {"retires": "2027-01-01"}).known
    assert overridden(UNKNOWN, {"retires": "2027-01-01"}).retires == date(2027, 1, 1)
