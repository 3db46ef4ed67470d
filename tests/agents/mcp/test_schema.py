from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.mcp.schema import MOST_CHARACTERS, schema_fault, sendable, shortened


def nested(depth: int) -> dict[str, Any]:
    inner: dict[str, Any] = {"type": "string"}
    for _ in range(depth):
        inner = {"type": "object", "properties": {"a": inner}}
    return inner


def test_what_says_something_stays() -> None:
    schema = {
        "type": "object",
        "properties": {
            "title": {"type": "string", "description": "The title.", "maxLength": 9},
            "kind": {"enum": ["a", "b"], "default": "a"},
            "when": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
            "who": {"$ref": "#/$defs/person"},
        },
        "required": ["title"],
        "additionalProperties": False,
        "$defs": {"person": {"type": "object", "properties": {"name": {"type": "string"}}}},
    }
    assert sendable(schema) == schema
    assert schema_fault(schema) == ""


@pytest.mark.parametrize(
    ("schema", "sent"),
    [
        ({}, {"type": "object", "properties": {}}),
        ({"type": "object", "$schema": "x", "title": "T", "$comment": "c"}, {"type": "object", "properties": {}}),
        ({"anyOf": [{"type": "object"}], "oneOf": []}, {"type": "object", "properties": {}}),
        ({"type": "string"}, {"type": "object", "properties": {}}),
        (
            {"properties": {"a": {"type": "array"}, "b": True, "c": False, "d": {"$ref": "https://evil.example/x"}}},
            {"type": "object", "properties": {"a": {"type": "array", "items": {}}, "b": {}, "d": {}}},
        ),
        (
            {"properties": {"a": {"type": "string", "title": "A", "examples": ["x"], "x-mcp-header": "h"}}},
            {"type": "object", "properties": {"a": {"type": "string"}}},
        ),
        (
            {"properties": {"bad name": {"type": "string"}, "a": {}}, "required": ["a"]},
            {"type": "object", "properties": {"a": {}}, "required": ["a"]},
        ),
    ],
)
def test_what_no_wire_takes_or_nobody_needs_goes(schema: dict[str, Any], sent: dict[str, Any]) -> None:
    assert sendable(schema) == sent


def test_long_words_are_shortened() -> None:
    sent = sendable({"properties": {"a": {"description": "word " * 200}}})
    assert len(sent["properties"]["a"]["description"]) <= 400
    assert shortened("  short  ", most=9) == "short"
    assert shortened("x" * 10, most=9) == "xxxxxxxx…"


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        (nested(20), "nested"),
        ({"properties": {f"p{n}": {"enum": ["x" * 50]} for n in range(400)}}, f"{MOST_CHARACTERS:,} is the most"),
        ({"properties": {"bad name": {}}, "required": ["bad name"]}, "a parameter that cannot be sent: 'bad name'"),
    ],
)
def test_what_cannot_be_offered_says_why(schema: dict[str, Any], words: str) -> None:
    assert words in schema_fault(schema)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["type", "properties", "required", "items", "anyOf", "$ref", "$defs", "description", "x"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(["type", "properties", "required", "$defs", "anyOf", "a"]), _JSON, max_size=5))
def test_whatever_a_server_says_becomes_an_object_schema_or_a_fault(schema: dict[str, Any]) -> None:
    sent = sendable(schema)
    assert sent["type"] == "object"
    assert isinstance(sent["properties"], dict)
    assert set(sent.get("required", [])) <= set(sent["properties"])
    assert sendable(sent) == sent
    json.dumps(sent)
    assert isinstance(schema_fault(schema), str)
