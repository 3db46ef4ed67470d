"""The arguments of a tool call: JSON text that a model wrote, so anything may be in it."""

from __future__ import annotations

from typing import Any

import orjson

from agents.llm.clean_text import clean_text


def parse_arguments(raw: str) -> dict[str, Any]:
    """The object that `raw` describes; `{}` for a blank text, which is how models call a tool without parameters.

    ValueError says in one line what is wrong. NaN, infinities and absurd nesting are refused.
    """
    if not raw.strip():
        return {}
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"not valid JSON: {error}") from None
    if not isinstance(value, dict):
        raise ValueError("valid JSON, but not an object")
    return value


def sendable_arguments(raw: str) -> dict[str, Any]:
    """The object to show to a model as its own past call; what it wrote stays visible even if it was no object."""
    try:
        return parse_arguments(raw)
    except ValueError:
        return {"_invalid_json": clean_text(raw)}
