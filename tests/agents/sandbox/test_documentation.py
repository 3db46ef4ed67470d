"""docs/sandbox.md names what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agents.sandbox.scenario.file import read_scenario
from agents.sandbox.script.answers import help_text
from agents.sandbox.script.faults import all_faults

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "sandbox.md").read_text()


@pytest.mark.parametrize("fault", [fault.name for fault in all_faults()])
def test_every_fault_has_a_line(fault: str) -> None:
    assert PAGE.count(f"\n| `{fault}` | ") == 1


def test_every_word_of_the_help_has_a_line() -> None:
    words = set(re.findall(r"\n\| `([a-z]+)[ `]", help_text())) - {fault.name for fault in all_faults()}
    assert words >= {"long", "slow", "loop", "parallel", "think", "echo", "recall", "help"}
    for word in words:
        assert re.search(rf"\n\| `{word}[ `]", PAGE), word


def test_the_example_of_a_scenario_is_one() -> None:
    examples = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert examples
    for example in examples:
        read_scenario(example)
