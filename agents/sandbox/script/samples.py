"""Fills a tool's JSON Schema with plausible values that it accepts: the same schema always gets the same values.

Only required properties are filled. `pattern` is not generated: a schema that has one should give an example. A variant
is the same but for blanks at the end of one text, where the schema has one: other arguments to the same effect.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_MAX_DEPTH = 8
_REPEATED = 2
"""So many times the very same arguments are no loop yet."""

_FORMATS: Mapping[str, str] = {
    "date": "2026-01-01",
    "date-time": "2026-01-01T00:00:00Z",
    "time": "00:00:00Z",
    "duration": "PT1H",
    "email": "sandbox@example.com",
    "uri": "https://example.com/",
    "url": "https://example.com/",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def sample_arguments(parameters: Mapping[str, Any], *, variant: int = 0) -> dict[str, Any]:
    """Arguments for a tool whose parameters are `parameters`, a JSON Schema of type object."""
    sample = _sample_object(parameters, root=parameters, depth=0)
    name = next((name for name in parameters.get("properties", {}) if _is_free_text(parameters, name)), None)
    if variant < _REPEATED or name is None:
        return sample
    return {**sample, name: f"{sample.get(name, parameters['properties'][name].get('default', ''))}{' ' * variant}"}


def _is_free_text(parameters: Mapping[str, Any], name: str) -> bool:
    schema = parameters["properties"][name]
    return isinstance(schema, Mapping) and schema.get("type") == "string" and not {"enum", "const"} & set(schema)


def _sample(schema: Mapping[str, Any], *, root: Mapping[str, Any], depth: int) -> Any:
    schema = _resolved(schema, root=root)
    given = _given_value(schema)
    if given is not None:
        return given[0]
    kind = _type_of(schema)
    if kind == "null" or depth >= _MAX_DEPTH:
        return None
    if kind == "object":
        return _sample_object(schema, root=root, depth=depth + 1)
    if kind == "array":
        return _sample_array(schema, root=root, depth=depth + 1)
    return _sample_scalar(schema, kind=kind)


def _sample_scalar(schema: Mapping[str, Any], *, kind: str) -> bool | int | float | str:
    if kind == "boolean":
        return True
    if kind in ("integer", "number"):
        return _sample_number(schema, whole=kind == "integer")
    return _sample_string(schema)


def _resolved(schema: Mapping[str, Any], *, root: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema with `$ref`, `anyOf`, `oneOf` and `allOf` followed to one concrete schema."""
    for _ in range(_MAX_DEPTH):
        if "$ref" in schema:
            schema = _follow(str(schema["$ref"]), root=root)
        elif options := schema.get("anyOf") or schema.get("oneOf"):
            rest = {key: value for key, value in schema.items() if key not in ("anyOf", "oneOf")}
            schema = {**rest, **next((option for option in options if option.get("type") != "null"), options[0])}
        elif parts := schema.get("allOf"):
            rest = {key: value for key, value in schema.items() if key != "allOf"}
            schema = {key: value for part in (rest, *parts) for key, value in part.items()}
        else:
            break
    return schema


def _follow(ref: str, *, root: Mapping[str, Any]) -> Mapping[str, Any]:
    target: Any = root
    for step in ref.removeprefix("#").strip("/").split("/"):
        target = target.get(step, {}) if isinstance(target, Mapping) else {}
    return target if isinstance(target, Mapping) else {}


def _given_value(schema: Mapping[str, Any]) -> tuple[Any] | None:
    """A value that the schema itself names, wrapped, since it may be None."""
    if "const" in schema:
        return (schema["const"],)
    for key in ("examples", "enum"):
        if schema.get(key):
            return (schema[key][0],)
    return (schema["default"],) if schema.get("default") is not None else None


def _type_of(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, Sequence) and not isinstance(kind, str):
        return next((str(name) for name in kind if name != "null"), "null")
    return str(kind) if kind else "object" if "properties" in schema else "string"


def _sample_object(schema: Mapping[str, Any], *, root: Mapping[str, Any], depth: int) -> dict[str, Any]:
    properties = schema.get("properties", {})
    wanted = schema.get("required", ())
    return {name: _sample(properties.get(name, {}), root=root, depth=depth) for name in wanted}


def _sample_array(schema: Mapping[str, Any], *, root: Mapping[str, Any], depth: int) -> list[Any]:
    item = schema.get("items") or {}
    return [_sample(item, root=root, depth=depth) for _ in range(max(1, int(schema.get("minItems", 1))))]


def _sample_number(schema: Mapping[str, Any], *, whole: bool) -> int | float:
    step = 1 if whole else 0.5
    low = schema.get("minimum", schema["exclusiveMinimum"] + step if "exclusiveMinimum" in schema else None)
    high = schema.get("maximum", schema["exclusiveMaximum"] - step if "exclusiveMaximum" in schema else None)
    value = 1 if low is None else max(1, low)
    value = value if high is None else min(value, high)
    multiple = schema.get("multipleOf")
    value = value if not multiple else -(-value // multiple) * multiple
    return int(value) if whole else value


def _sample_string(schema: Mapping[str, Any]) -> str:
    value = _FORMATS.get(str(schema.get("format")), "sandbox")
    value = value.ljust(int(schema.get("minLength", 0)), "x")
    return value[: int(schema["maxLength"])] if "maxLength" in schema else value
