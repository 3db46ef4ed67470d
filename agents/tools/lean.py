"""A tool's schema that says no more than it must, since every call carries it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from agents.llm.tools import Tool

_CHECKED_ANYWAY = {"additionalProperties", "maxItems", "maxLength", "maximum", "minItems", "minLength", "minimum"}


def lean(tool: Tool) -> Tool:
    """Without bounds, which are checked all the same, and without defaults that are empty."""
    return replace(tool, spec=replace(tool.spec, parameters=_without_bounds(tool.spec.parameters)))


def _without_bounds(schema: Mapping[str, Any]) -> dict[str, Any]:
    kept = {
        key: value
        for key, value in schema.items()
        if key not in _CHECKED_ANYWAY and not (key == "default" and not value)
    }
    return {key: _without_bounds(value) if isinstance(value, Mapping) else value for key, value in kept.items()}
