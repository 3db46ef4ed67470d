from __future__ import annotations

from datetime import date

import pytest

from agents.llm.capabilities import Capabilities, capabilities_of

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
    ("wire", "model", "expected"),
    [
        (CLAUDE, "claude-opus-5-6", Capabilities(temperature="none", known=False)),
        (CLAUDE, "claude-opus-7", Capabilities(temperature="none", known=False)),
        (CLAUDE, "our-own", Capabilities(temperature="none", known=False)),
        (OPENAI, "gpt-5.7", Capabilities(temperature="none", known=False)),
        (OPENAI, "gpt-7-sol", Capabilities(temperature="none", known=False)),
        (OPENAI, "o5", Capabilities(temperature="none", known=False)),
        (CLAUDE, "claude-3-5-sonnet-20241022", Capabilities(temperature="range", temperature_max=1, known=False)),
        (CLAUDE, "claude-sonnet-4-20250514", Capabilities(temperature="range", temperature_max=1, known=False)),
        (OPENAI, "meta/llama-3:70b", Capabilities(temperature="range", temperature_max=1, known=False)),
        (OPENAI, "openai/gpt-oss-120b", Capabilities(temperature="range", temperature_max=1, known=False)),
        (OPENAI, "", Capabilities(temperature="range", temperature_max=1, known=False)),
    ],
)
def test_unknown_models_are_taken_to_do_little_and_it_says_so(wire: str, model: str, expected: Capabilities) -> None:
    assert capabilities_of(wire, model) == expected


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
