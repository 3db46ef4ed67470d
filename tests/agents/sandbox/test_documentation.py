"""docs/sandbox.md names what there is."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from agents.sandbox.rates.file import read_limits
from agents.sandbox.rates.pool import AnthropicPool, OpenAIPool, Pool
from agents.sandbox.scenario.file import read_scenario
from agents.sandbox.script.answers import help_text
from agents.sandbox.script.faults import all_faults
from agents.sandbox.tally import PoolReport, Tally

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "sandbox.md").read_text()


@pytest.mark.parametrize("fault", [fault.name for fault in all_faults()])
def test_every_fault_has_a_line(fault: str) -> None:
    assert PAGE.count(f"\n| `{fault}` | ") == 1


def test_every_word_of_the_help_has_a_line() -> None:
    words = set(re.findall(r"\n\| `([a-z]+)[ `]", help_text())) - {fault.name for fault in all_faults()}
    assert words >= {"long", "slow", "loop", "parallel", "think", "echo", "recall", "help"}
    for word in words:
        assert re.search(rf"\n\| `{word}[ `]", PAGE), word


EXAMPLES = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


def test_there_is_an_example_of_each_kind_of_file() -> None:
    assert ["[[pool]]" in example for example in EXAMPLES] == [True, False]


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_are_right(example: str) -> None:
    if "[[pool]]" in example:
        assert read_limits(example)
    else:
        read_scenario(example)


@pytest.mark.parametrize("kind", [AnthropicPool, OpenAIPool])
def test_everything_that_a_pool_can_say_has_a_line(kind: type[Pool]) -> None:
    for field in fields(kind):
        assert re.search(rf"\n\| [^|]*`{field.name}`", PAGE), field.name


def test_everything_that_the_judge_tells_has_a_line() -> None:
    for name in PoolReport(pool="a", limits={}, remaining={}, tally=Tally()).to_dict():
        assert f"`{name}`" in PAGE, name
