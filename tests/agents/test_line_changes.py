from __future__ import annotations

from agents.line_changes import line_changes


def test_lines_say_what_stayed_went_and_came() -> None:
    told = [(line.kind, line.text) for line in line_changes("a\nb\nc", "a\nB\nc\nd")]
    assert told == [("same", "a"), ("gone", "b"), ("new", "B"), ("same", "c"), ("new", "d")]


def test_nothing_before_or_after() -> None:
    assert [line.kind for line in line_changes("", "a\nb")] == ["new", "new"]
    assert [line.kind for line in line_changes("a", "")] == ["gone"]
    assert line_changes("", "") == []
