from __future__ import annotations

import pytest

from agents.llm.arguments import parse_arguments, sendable_arguments


@pytest.mark.parametrize(
    ("raw", "parsed"), [("", {}), (" \n", {}), ("{}", {}), ('{"a": {"b": [1]}}', {"a": {"b": [1]}})]
)
def test_an_object_is_read(raw: str, parsed: dict[str, object]) -> None:
    assert parse_arguments(raw) == parsed
    assert sendable_arguments(raw) == parsed


@pytest.mark.parametrize(
    "raw", ["{", "[]", "1", "null", '"x"', '{"a": NaN}', '{"a": 1e999}', "[" * 100_000, "{'a': 1}"]
)
def test_anything_else_is_refused_but_stays_visible(raw: str) -> None:
    with pytest.raises(ValueError, match="JSON"):
        parse_arguments(raw)
    assert sendable_arguments(raw) == {"_invalid_json": raw}


def test_what_stays_visible_can_be_sent() -> None:
    assert sendable_arguments("{\ud800\x00") == {"_invalid_json": "{\ufffd"}
