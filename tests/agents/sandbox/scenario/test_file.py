"""Scenario files: what is wrong with one is said with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.sandbox.mistakes import FileError
from agents.sandbox.scenario.file import load_scenario, read_scenario

WRONG = [
    ("", "scenario: rule: Field required"),
    ("rule = []", "rule: List should have at least 1 item"),
    ("[[rule]", "scenario: is not TOML: "),
    ("[[rules]]", "rules: Extra inputs are not permitted"),
    ("[[rule]]\n[rule.match]\nmodel = 'x'", "rule 1, then: Field required"),
    ("[[rule]]\n[rule.then]", "rule 1, then: must say what to answer"),
    ("[[rule]]\n[rule.then]\nsay = 'a'\n[[rule]]\n[rule.then]\nsays = 'b'", "rule 2, then.says: Extra inputs"),
    ("[[rule]]\n[rule.then]\nfault = 'gremlins'", "rule 1, then.fault: Input should be 'error_529', "),
    ("[[rule]]\n[rule.then]\nsay = 7", "rule 1, then.say: Input should be a valid string"),
    ("[[rule]]\n[rule.then]\ndelay = -1", "rule 1, then.delay: Input should be greater than or equal to 0"),
    ("[[rule]]\nmatch.call = 0\nthen.say = 'x'", "rule 1, match.call: Input should be greater than or equal to 1"),
    ("[[rule]]\nmatch.wire = 'telegraph'\nthen.say = 'x'", "rule 1, match.wire: Input should be 'messages', "),
    ("[[rule]]\nthen.usage = { tokens = 1 }", "rule 1, then.usage.tokens: Extra inputs are not permitted"),
    (
        "[[rule]]\nthen.tool_calls = [{ name = 'a' }, { arguments = {} }]",
        "rule 1, then.tool_calls.2.name: Field required",
    ),
    ("[[rule]]\nthen.think = true", "rule 1, then.think: Input should be a valid integer"),
    (
        "[[rule]]\nthen.say = 'x'\nthen.fault = 'error_529'",
        "rule 1, then: the fault error_529 is an HTTP answer, so that nothing can be said beside it",
    ),
    (
        "[[rule]]\nthen.fault = 'eof'\nthen.tool_calls = [{ name = 'a' }]",
        "rule 1, then: the fault eof strikes a text, so that it cannot have tool_calls",
    ),
    (
        "[[rule]]\nthen.say = 'x'\nthen.fault = 'eof_tool'",
        "rule 1, then: the fault eof_tool strikes a tool call, so that it needs tool_calls",
    ),
]


@pytest.mark.parametrize(("text", "words"), WRONG)
def test_a_wrong_file_is_refused_with_its_place(text: str, words: str) -> None:
    with pytest.raises(FileError) as caught:
        read_scenario(text)
    assert words in str(caught.value)


def test_every_mistake_is_told_at_once_each_on_a_line_with_the_files_name(tmp_path: Path) -> None:
    path = tmp_path / "two.toml"
    path.write_text("[[rule]]\nthen.say = 7\n[[rule]]\nthen.delay = 'long'\n")
    with pytest.raises(FileError) as caught:
        load_scenario(path)
    lines = str(caught.value).splitlines()
    assert [line.partition(": ")[0] for line in lines] == [str(path)] * 2
    assert "rule 2, then.delay" in lines[1]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be read"):
        load_scenario(tmp_path / "nowhere.toml")


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "odd.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(FileError, match="cannot be read"):
        load_scenario(path)
