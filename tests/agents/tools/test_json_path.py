from __future__ import annotations

from typing import Any

import pytest

from agents.llm.errors import ToolFailed
from agents.tools.json_path import as_lines, read_json, value_at

VALUE: dict[str, Any] = {
    "rows": [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}],
    "odd.name": {"x y": True},
    "none": None,
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("", VALUE),
        ("$", VALUE),
        ("rows[1].name", "b"),
        ("$.rows[0]", {"id": 1, "name": "a"}),
        (" rows[-1].id ", 2),
        ("""["odd.name"]['x y']""", True),
        ("none", None),
    ],
)
def test_a_path_leads_to_a_value(path: str, value: object) -> None:
    assert value_at(VALUE, path) == value


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("rows[2]", "$.rows has 2 items"),
        ("rows[-3]", "has 2 items"),
        ("row", "no field 'row'; it has: rows, odd.name, none"),
        ("rows.name", "a list"),
        ("rows[0].name.x", "a text"),
        ("rows[0].id.x", "a number"),
        ("none.x", "null"),
        ("rows[0", "is no path"),
        ("rows[x]", "is no path"),
        ("rows..name", "is no path"),
    ],
)
def test_a_path_that_leads_nowhere_says_what_is_there(path: str, told: str) -> None:
    with pytest.raises(ToolFailed) as refused:
        value_at(VALUE, path)
    assert told.removeprefix("$.") in refused.value.message


def test_only_some_of_many_fields_are_told() -> None:
    with pytest.raises(ToolFailed) as refused:
        value_at({f"field{n}": n for n in range(5_000)}, "x")
    assert "and 4,980 more" in refused.value.message
    assert len(refused.value.message) < 400


def test_a_container_is_a_line_for_each_item() -> None:
    assert as_lines([1, {"a": "ä"}]) == ["[0] 1", '[1] {"a":"ä"}']
    assert as_lines({"a": [1], "b": None}) == ["a: [1]", "b: null"]
    assert as_lines("one\ntwo") == ["one", "two"]
    assert as_lines(7) == ["7"]


@pytest.mark.parametrize("text", ["", "plain", "7", '"text"', "{broken", "[" * 100_000])
def test_what_is_no_object_or_list_is_no_json(text: str) -> None:
    assert read_json(text) is None
