from __future__ import annotations

from typing import Any

import pytest

from agents.sandbox.script.samples import sample_arguments

SCHEMAS: list[tuple[dict[str, Any], Any]] = [
    ({"type": "string"}, "sandbox"),
    ({}, "sandbox"),
    ({"type": "string", "minLength": 10}, "sandboxxxx"),
    ({"type": "string", "maxLength": 3}, "san"),
    ({"type": "string", "format": "date-time"}, "2026-01-01T00:00:00Z"),
    ({"type": "string", "format": "uuid"}, "00000000-0000-4000-8000-000000000000"),
    ({"enum": ["b", "a"]}, "b"),
    ({"const": None}, None),
    ({"type": "integer", "default": 7}, 7),
    ({"type": "string", "examples": ["avg:system.cpu.user{*}"]}, "avg:system.cpu.user{*}"),
    ({"type": "integer"}, 1),
    ({"type": "integer", "minimum": 5, "maximum": 9}, 5),
    ({"type": "integer", "maximum": -2}, -2),
    ({"type": "integer", "exclusiveMinimum": 3}, 4),
    ({"type": "integer", "minimum": 7, "multipleOf": 5}, 10),
    ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, 0.5),
    ({"type": "number"}, 1),
    ({"type": "boolean"}, True),
    ({"type": "null"}, None),
    ({"type": ["null", "integer"]}, 1),
    ({"anyOf": [{"type": "null"}, {"type": "integer", "minimum": 3}]}, 3),
    ({"oneOf": [{"type": "boolean"}, {"type": "string"}]}, True),
    ({"allOf": [{"type": "integer"}, {"minimum": 4}]}, 4),
    ({"type": "array", "items": {"type": "integer"}}, [1]),
    ({"type": "array", "items": {"type": "integer"}, "minItems": 2}, [1, 1]),
    ({"$ref": "#/$defs/level"}, "low"),
    ({"type": "object", "properties": {"a": {"type": "integer"}, "b": {}}, "required": ["a"]}, {"a": 1}),
    ({"properties": {"a": {"type": "integer"}}, "required": ["a"]}, {"a": 1}),
]


@pytest.mark.parametrize(("schema", "value"), SCHEMAS)
def test_values_fit_their_schema(schema: dict[str, Any], value: Any) -> None:
    parameters = {
        "type": "object",
        "properties": {"x": schema, "optional": {"type": "string"}},
        "required": ["x"],
        "$defs": {"level": {"enum": ["low", "high"]}},
    }
    assert sample_arguments(parameters) == {"x": value}


def test_no_parameters_no_arguments() -> None:
    assert sample_arguments({"type": "object", "properties": {}}) == {}
    assert sample_arguments({}) == {}


def test_a_schema_that_contains_itself_ends() -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}, "required": ["next"]}
    assert str(sample_arguments({**node, "$defs": {"node": node}})).count("next") < 20
