from __future__ import annotations

from dataclasses import replace

import pytest

from agents.llm.capabilities import Capabilities, Parameter
from agents.llm.providers.base import ModelRequest
from agents.llm.refused_parameters import PARAMETERS, refusing, without
from tests.agents.llm.providers.requests import ask

ABLE = Capabilities(
    temperature="range",
    temperature_max=2.0,
    efforts=("none", "low"),
    default_effort="low",
    cache="marked",
    token_parameter="max_tokens",
)


def test_nothing_refused_changes_nothing() -> None:
    assert refusing(ABLE, []) is ABLE


def test_what_was_refused_is_gone_from_what_the_model_can_do() -> None:
    less = refusing(ABLE, ["temperature", "effort", "cache_control", "max_tokens", "effort_with_tools"])
    assert (less.temperature, less.efforts, less.cache) == ("none", (), "none")
    assert less.token_parameter == "max_completion_tokens"
    assert less.tools_api == "chat_if_effort_none"
    assert less.refused == {"temperature", "effort", "cache_control", "max_tokens", "effort_with_tools"}


def test_a_name_of_another_version_is_passed_over() -> None:
    assert refusing(ABLE, ["of_tomorrow"]) is ABLE


def test_refusals_add_up() -> None:
    once = refusing(refusing(ABLE, ["store"]), ["temperature"])
    assert once == refusing(ABLE, ["temperature", "store"]) == refusing(once, ["store"])


def test_a_cap_that_is_refused_under_its_other_name_keeps_its_own() -> None:
    assert refusing(ABLE, ["max_completion_tokens"]).token_parameter == "max_tokens"


@pytest.mark.parametrize("parameter", PARAMETERS)
def test_a_request_does_without_a_parameter_once(parameter: Parameter) -> None:
    lighter = without(ask(capabilities=ABLE), parameter)
    assert lighter is not None
    assert parameter in lighter.capabilities.refused
    assert without(lighter, parameter) is None


def test_a_reply_must_have_a_cap() -> None:
    renamed = without(ask(capabilities=ABLE), "max_tokens")
    assert renamed is not None
    assert without(renamed, "max_completion_tokens") is None


@pytest.mark.parametrize("tools_api", ["responses", "chat_if_effort_none"])
def test_an_effort_that_is_none_already_is_not_to_blame(tools_api: str) -> None:
    request = ask(capabilities=replace(ABLE, tools_api=tools_api))  # type: ignore[arg-type]
    assert without(request, "effort_with_tools") is None


def test_what_is_refitted_does_without_too() -> None:
    def refit(max_input: int, cold: bool) -> ModelRequest:
        return ask(capabilities=ABLE, max_output_tokens=max_input, refit=refit)

    request = without(ask(capabilities=ABLE, refit=refit), "temperature")
    assert request is not None
    assert request.refit is not None
    smaller = request.refit(7, False)
    assert smaller.max_output_tokens == 7
    assert smaller.capabilities.temperature == "none"
    assert smaller.refit is not None
    assert smaller.refit(5, False).capabilities.temperature == "none"
