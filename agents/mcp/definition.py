"""A tool as its server describes it. What an admin looked at stays in force: a change is held back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agents.llm.clean_text import clean_text
from agents.mcp_rows import McpTool


@dataclass(frozen=True, kw_only=True)
class Definition:
    """`parameters` is the JSON Schema as the server says it. `says_read_only` is its word, and no more."""

    description: str
    parameters: Mapping[str, Any]
    says_read_only: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "description": self.description,
            "parameters": dict(self.parameters),
            "says_read_only": self.says_read_only,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Definition:
        return cls(
            description=stored["description"],
            parameters=stored["parameters"],
            says_read_only=stored["says_read_only"],
        )


def definition_of(tool: Any) -> Definition:
    """`tool` is the SDK's."""
    hints = tool.annotations
    return Definition(
        description=clean_text(tool.description or tool.title or ""),
        parameters=_clean(tool.input_schema or {}),
        says_read_only=bool(hints and hints.read_only_hint),
    )


def looked_at(row: McpTool) -> Definition:
    """What an admin has seen, and a model may be told."""
    return Definition(description=row.description, parameters=row.parameters, says_read_only=row.says_read_only)


def _clean(value: Any) -> Any:
    """PostgreSQL refuses some characters in JSON, too."""
    match value:
        case str():
            return clean_text(value)
        case dict():
            return {clean_text(str(key)): _clean(item) for key, item in value.items()}
        case list():
            return [_clean(item) for item in value]
    return value
