"""The form fields that override what is built in for a model, one for each capability. Empty: as built in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal, get_args, get_origin, get_type_hints

from django import forms

from agents.llm.capabilities import Capabilities, Effort
from agents.llm.capability_overrides import OVERRIDABLE

_PREFIX = "able_"
_NONE = "-"  # what is entered for an empty list
_HINTS = get_type_hints(Capabilities)
_LABELS: Mapping[str, str] = {
    "temperature": "Temperature",
    "temperature_max": "Highest temperature",
    "max_input_tokens": "Most input tokens",
    "token_parameter": "Name of the reply cap",
    "tools_api": "Tools on",
    "forced_tool_choice": "A tool can be forced",
    "thinking": "Thinking",
    "efforts": "Efforts",
    "default_effort": "Effort unasked",
    "binds_thinking": "Refuses its own thinking after an edit",
    "cache": "Prompt cache",
    "cache_minimum": "Shortest cached prefix",
    "encoding": "Vocabulary",
    "token_factor": "Token factor",
    "retires": "Retires",
}


def capability_fields() -> dict[str, forms.Field]:
    return {_PREFIX + name: _field(name) for name in OVERRIDABLE}


def field_names() -> list[str]:
    return [_PREFIX + name for name in OVERRIDABLE]


def shown(overrides: Mapping[str, Any]) -> dict[str, Any]:
    """What is stored, as the fields show it."""
    return {_PREFIX + name: _shown(value) for name, value in overrides.items()}


def entered(data: Mapping[str, Any]) -> dict[str, Any]:
    """What the fields say, as it is stored; not yet checked."""
    said = {name: data.get(_PREFIX + name) for name in OVERRIDABLE}
    return {name: _stored(name, value) for name, value in said.items() if value not in (None, "")}


def field_of(name: str) -> str:
    return _PREFIX + name


def told(name: str, built_in: Capabilities) -> str:
    """The built-in value in words."""
    value = getattr(built_in, name)
    if value is None or value == ():
        return "none known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(value)
    return f"{value:%-d %B %Y}" if isinstance(value, date) else f"{value:,}" if isinstance(value, int) else str(value)


def _field(name: str) -> forms.Field:
    label, hint = _LABELS[name], _HINTS[name]
    choices = _choices(hint)
    if choices:
        return forms.ChoiceField(label=label, required=False, choices=[("", "As built in"), *choices])
    if hint == int | None or hint is int:
        return forms.IntegerField(label=label, required=False, min_value=1)
    if hint is float:
        return forms.FloatField(label=label, required=False)
    return forms.DateField(label=label, required=False) if name == "retires" else _efforts(label)


def _efforts(label: str) -> forms.Field:
    words = ", ".join(get_args(Effort))
    return forms.CharField(label=label, required=False, help_text=f"Of {words}; weakest first, “{_NONE}” for none.")


def _choices(hint: Any) -> list[tuple[str, str]]:
    if hint is bool:
        return [("yes", "yes"), ("no", "no")]
    literal = (
        hint if get_origin(hint) is Literal else next((a for a in get_args(hint) if get_origin(a) is Literal), None)
    )
    return [] if literal is None or get_origin(hint) is tuple else [(value, value) for value in get_args(literal)]


def _shown(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return (", ".join(value) or _NONE) if isinstance(value, list) else value


def _stored(name: str, value: Any) -> Any:
    if _HINTS[name] is bool:
        return value == "yes"
    if name == "efforts":
        return [word.strip() for word in value.split(",")] if value.strip() != _NONE else []
    return value.isoformat() if isinstance(value, date) else value
