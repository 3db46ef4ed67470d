from __future__ import annotations

from datetime import date

import pytest

from agents.llm import model_families
from agents.llm.model_families import capabilities_of

CLAUDE, OPENAI = "anthropic_messages", "openai_chat"


@pytest.mark.parametrize(
    ("wire", "model", "temperature", "maximum"),
    [
        (CLAUDE, "claude-opus-5-5", "none", 0),
        (CLAUDE, "claude-sonnet-5", "none", 0),
        (CLAUDE, "claude-opus-4-7", "none", 0),
        (CLAUDE, "claude-sonnet-4-6", "range", 1),
        (CLAUDE, "claude-haiku-4-5-20251001", "range", 1),
        (CLAUDE, "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "range", 1),
        (CLAUDE, "claude-opus-4-5@20251101", "range", 1),
        (CLAUDE, "sandbox-claude", "range", 1),
        (OPENAI, "vertex/claude-sonnet-5-5", "none", 0),
        (OPENAI, "gpt-6.2-sol", "none", 0),
        (OPENAI, "gpt-5.5", "default_only", 0),
        (OPENAI, "gpt-5-mini-2025-08-07", "default_only", 0),
        (OPENAI, "o3", "default_only", 0),
        (OPENAI, "gpt-4.1-nano", "range", 2),
        (OPENAI, "openai/gpt-4o-2024-08-06", "range", 2),
        (OPENAI, "gpt-4-0613", "range", 2),
        (OPENAI, "GPT-4-Turbo", "range", 2),
        (OPENAI, "sandbox-gpt", "range", 2),
    ],
)
def test_what_known_models_take(wire: str, model: str, temperature: str, maximum: float) -> None:
    able = capabilities_of(wire, model)
    assert (able.known, able.temperature, able.temperature_max) == (True, temperature, maximum)
    assert able.context_window is not None
    assert able.max_output_tokens is not None
    assert able.max_output_tokens <= able.context_window


@pytest.mark.parametrize(
    ("wire", "model", "temperature", "factor"),
    [
        (CLAUDE, "claude-opus-5-6", "none", 1.5),
        (CLAUDE, "claude-opus-7", "none", 1.5),
        (CLAUDE, "our-own", "none", 1.5),
        (OPENAI, "gpt-5.7", "none", 1.0),
        (OPENAI, "gpt-7-sol", "none", 1.0),
        (OPENAI, "o5", "none", 1.0),
        (CLAUDE, "claude-3-5-sonnet-20241022", "range", 1.25),
        (CLAUDE, "claude-sonnet-4-20250514", "range", 1.25),
        (OPENAI, "meta/llama-3:70b", "range", 1.1),
        (OPENAI, "openai/gpt-oss-120b", "range", 1.0),
        (OPENAI, "", "range", 1.1),
    ],
)
def test_unknown_models_are_taken_to_do_little_and_it_says_so(
    wire: str, model: str, temperature: str, factor: float
) -> None:
    able = capabilities_of(wire, model)
    assert (able.known, able.temperature, able.token_factor) == (False, temperature, factor)
    assert (able.efforts, able.thinking, able.cache, able.tools_api) == ((), "none", "none", "chat")
    assert (able.context_window, able.max_output_tokens, able.forced_tool_choice) == (None, None, False)


def test_what_the_newest_models_need() -> None:
    sonnet = capabilities_of(CLAUDE, "claude-sonnet-5-5")
    assert (sonnet.thinking, sonnet.binds_thinking, sonnet.forced_tool_choice) == ("always", True, False)
    assert (sonnet.cache, sonnet.cache_minimum, sonnet.default_effort) == ("marked", 512, "high")
    assert "none" not in sonnet.efforts
    assert "none" in capabilities_of(CLAUDE, "claude-haiku-5-5").efforts
    assert capabilities_of(OPENAI, "gpt-6.2-sol").tools_api == "responses"
    assert "none" not in capabilities_of(OPENAI, "gpt-6.2-sol").efforts
    assert capabilities_of(OPENAI, "gpt-6-luna").tools_api == "chat_if_effort_none"
    assert "none" in capabilities_of(OPENAI, "gpt-6-luna").efforts
    assert capabilities_of(OPENAI, "gpt-5.6-terra").max_input_tokens == 922_000
    assert capabilities_of(OPENAI, "gpt-5-mini").token_parameter == "max_completion_tokens"
    assert capabilities_of(OPENAI, "gpt-4o").token_parameter == "max_tokens"
    assert capabilities_of(OPENAI, "gpt-4").encoding == "cl100k_base"


@pytest.mark.parametrize("model", sorted(model_families.KNOWN))
def test_every_family_is_consistent(model: str) -> None:
    able = model_families.KNOWN[model]
    assert able.default_effort is None or able.default_effort in able.efforts
    assert able.thinking != "always" or "none" not in able.efforts
    assert able.tools_api != "chat_if_effort_none" or "none" in able.efforts
    assert (able.max_input_tokens or 0) <= (able.context_window or 0)


def test_the_longest_name_that_fits_is_the_model() -> None:
    assert capabilities_of(OPENAI, "gpt-4.1-mini").max_output_tokens == 32_768
    assert capabilities_of(OPENAI, "gpt-4").context_window == 8_192
    assert capabilities_of(OPENAI, "gpt-4-turbo").context_window == 128_000
    assert capabilities_of(CLAUDE, "claude-opus-5").context_window == 1_000_000
    assert capabilities_of(CLAUDE, "claude-opus-4-5").context_window == 200_000


def test_the_last_day_of_a_model_is_known() -> None:
    assert capabilities_of(CLAUDE, "claude-sonnet-4-5").retires == date(2026, 11, 30)
    assert capabilities_of(OPENAI, "gpt-4.1-nano").retires == date(2026, 10, 23)
    assert capabilities_of(OPENAI, "gpt-4.1").retires == date(2027, 1, 14)
    assert capabilities_of(CLAUDE, "claude-sonnet-5-5").retires is None
