"""What a file says of a model's capabilities arrives, is dumped, and is taken back."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from agents.model_capabilities import capabilities_for
from agents.models import LanguageModel
from tests.agents.configuration.files import dump, load, mistakes

pytestmark = pytest.mark.django_db

PLAIN = """
[[provider]]
slug = "gateway"
kind = "openai_compatible"
base_url = "https://llm.example.com/v1"
[[provider.model]]
id = "llama-4-70b"
context_window = 128000
max_output_tokens = 16384
"""
OVERRIDES = """
[provider.model.capabilities]
temperature = "none"
efforts = ["low", "high"]
token_factor = 1.3
retires = 2027-06-30
"""
WITH_OVERRIDES = PLAIN + OVERRIDES


def model() -> LanguageModel:
    return LanguageModel.objects.get(provider__slug="gateway")


def test_they_arrive_and_a_dump_of_them_is_a_no_op(tmp_path: Path) -> None:
    load(tmp_path, WITH_OVERRIDES)
    able = capabilities_for(model())
    assert (able.temperature, able.efforts, able.token_factor) == ("none", ("low", "high"), 1.3)
    assert (able.retires, able.context_window) == (date(2027, 6, 30), model().context_window)
    assert "0 new, 0 changed" in load(tmp_path, dump())


def test_what_is_left_out_of_the_table_is_as_built_in_again(tmp_path: Path) -> None:
    load(tmp_path, WITH_OVERRIDES)
    printed = load(tmp_path, WITH_OVERRIDES.replace("token_factor = 1.3\n", ""))
    assert "capabilities.token_factor: 1.3 -> -" in printed
    assert capabilities_for(model()).token_factor == 1.1


def test_a_model_without_the_table_keeps_them_and_an_empty_one_takes_them_away(tmp_path: Path) -> None:
    load(tmp_path, WITH_OVERRIDES)
    load(tmp_path, PLAIN)
    assert model().capabilities["token_factor"] == 1.3
    load(tmp_path, PLAIN + "capabilities = {}\n")
    assert model().capabilities == {}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            'efforts = ["extreme"]',
            "efforts must be one of 'none', 'minimal', 'low', 'medium', 'high', 'xhigh' or 'max'",
        ),
        ('efforts = "low"', 'efforts must be a list: ["low", "high"]'),
        ("token_factor = 11", "token_factor must be 10.0 or less"),
        ("token_factor = true", "token_factor must be a number"),
        ('retires = "soon"', "retires must be a day: 2027-01-14"),
        ("cache_minimum = 0", "cache_minimum must be 1 or more"),
        ("speed = 1", "speed is not a known key"),
        ("known = true", "known is not a known key"),
    ],
)
def test_each_mistake_is_told_with_its_line(line: str, told: str) -> None:
    text = PLAIN + f"[provider.model.capabilities]\n{line}\n"
    assert mistakes(text) == [f"line {text.count(chr(10))}: {told}"]
