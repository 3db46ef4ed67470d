"""A tool's parameters as every wire takes them: a plain object schema, without what costs tokens and says nothing.

What is left out here is still checked by the server, whose answer tells the model what it did not like.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

MOST_CHARACTERS = 20_000
MOST_DEPTH = 12
DESCRIPTION_SHOWN = 400
"""Characters of what is said about one parameter."""

_PLAIN = {
    "type", "enum", "const", "default", "format", "pattern", "required",
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
    "minLength", "maxLength", "minItems", "maxItems", "uniqueItems",
}  # fmt: skip
_TYPES = {"array", "boolean", "integer", "null", "number", "object", "string"}
_FORM: Mapping[str, type] = {"format": str, "pattern": str, "uniqueItems": bool}
"""The other keywords are numbers."""

_NAME = re.compile(r"[a-zA-Z0-9_.-]{1,64}")
_LOCAL = re.compile(r"#/(\$defs|definitions)/[^/]+")
_AT_ROOT = ("type", "properties", "required", "additionalProperties", "$defs", "definitions", "description")
"""The wires refuse a choice between schemas at the top."""


def schema_fault(parameters: Mapping[str, Any]) -> str:
    """Why a tool with these parameters cannot be offered to a model, "" if it can."""
    if (depth := _depth(parameters)) > MOST_DEPTH:
        return f"its parameters are nested {depth} deep; {MOST_DEPTH} is the most"
    if (size := len(json.dumps(sendable(parameters)))) > MOST_CHARACTERS:
        return f"its parameters take {size:,} characters; {MOST_CHARACTERS:,} is the most"
    known = sendable(parameters)["properties"]
    missing = [name for name in _texts(parameters.get("required")) if name not in known]
    return f"it needs a parameter that cannot be sent: {str(missing[0])[:80]!r}" if missing else ""


def sendable(parameters: Mapping[str, Any]) -> dict[str, Any]:
    schema = _cleaned(parameters)
    root = {key: schema[key] for key in _AT_ROOT if key in schema}
    properties = root.get("properties", {})
    needed = [name for name in _texts(root.get("required")) if name in properties]
    root = {**root, "type": "object", "properties": properties}
    return {**root, "required": needed} if needed else {key: root[key] for key in root if key != "required"}


def _cleaned(schema: Any) -> dict[str, Any]:
    if not isinstance(schema, Mapping):
        return {}  # `true`, and what is no schema: anything goes
    if isinstance(reference := schema.get("$ref"), str):
        return {"$ref": reference} if _LOCAL.fullmatch(reference) else {}
    kept = {key: value for key, value in schema.items() if key in _PLAIN and _is_sound(key, value)}
    if isinstance(said := schema.get("description"), str) and said.strip():
        kept["description"] = shortened(said, most=DESCRIPTION_SHOWN)
    kept |= {key: _by_name(schema[key]) for key in ("properties", "$defs", "definitions") if key in schema}
    kept |= {key: _all(schema[key]) for key in ("anyOf", "oneOf", "allOf") if _is_filled(schema.get(key))}
    if "items" in schema or kept.get("type") == "array":
        kept["items"] = _cleaned(schema.get("items"))
    if "additionalProperties" in schema:
        more = schema["additionalProperties"]
        kept["additionalProperties"] = more if isinstance(more, bool) else _cleaned(more)
    return kept


def _is_sound(key: str, value: Any) -> bool:
    """Whether it is of the form that JSON Schema wants of it: a provider refuses the whole call otherwise."""
    match key:
        case "const" | "default":
            return True
        case "type":
            names = [value] if isinstance(value, str) else _texts(value)
            return bool(names) and names in (value, [value]) and set(names) <= _TYPES
        case "enum":
            return _is_filled(value)
        case "required":
            return bool(_texts(value) == value)
    return isinstance(value, _FORM.get(key, (int, float))) and (key == "uniqueItems" or not isinstance(value, bool))


def _is_filled(value: Any) -> bool:
    return isinstance(value, list) and bool(value)


def _texts(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _by_name(schemas: Any) -> dict[str, Any]:
    if not isinstance(schemas, Mapping):
        return {}
    return {name: _cleaned(schema) for name, schema in schemas.items() if _NAME.fullmatch(name) and schema is not False}


def _all(schemas: list[Any]) -> list[dict[str, Any]]:
    return [_cleaned(schema) for schema in schemas]


def shortened(text: str, *, most: int) -> str:
    """Its beginning, in one piece of at most `most` characters."""
    whole = text.strip()
    return whole if len(whole) <= most else f"{whole[: most - 1].rstrip()}…"


def _depth(value: Any) -> int:
    if isinstance(value, Mapping):
        return 1 + max(map(_depth, value.values()), default=0)
    return max(map(_depth, value), default=0) if isinstance(value, list) else 0
