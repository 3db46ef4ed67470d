"""What somebody who knows a model better writes over what is built in: `{capability: value}`, JSON-ready.

The values are checked against the types of `Capabilities` itself, so that a new capability can be overridden at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from functools import cache
from typing import Annotated, Any, get_type_hints

import orjson
from annotated_types import Ge, Le
from pydantic import ConfigDict, TypeAdapter, ValidationError

from agents.llm.capabilities import Capabilities

OVERRIDABLE: tuple[str, ...] = tuple(
    field.name
    for field in fields(Capabilities)
    if field.name not in ("known", "refused", "context_window", "max_output_tokens")
)
"""Not what every model row has a column for: the two sizes, and what was refused."""

_BOUNDS: Mapping[str, Any] = {
    "temperature_max": (Ge(0), Le(2)),
    "max_input_tokens": (Ge(1),),
    "cache_minimum": (Ge(1),),
    "token_factor": (Ge(0.1), Le(10)),
}


def faults_of(overrides: Mapping[str, object]) -> dict[str, str]:
    """What is wrong, by the capability's name; empty if all of it can be stored."""
    faults: dict[str, str] = {}
    for name, value in overrides.items():
        if name not in OVERRIDABLE:
            faults[name] = "is not a capability"
            continue
        try:
            _read(name, value)
        except ValidationError as error:
            faults[name] = error.errors(include_url=False)[0]["msg"][:200]
    return faults


def overridden(built_in: Capabilities, overrides: Mapping[str, object]) -> Capabilities:
    """`built_in` with every valid override; whoever says what a model takes makes it known. Reads what is stored, so a
    value that this version no longer understands is passed over: the check that warns of it is `faults_of`."""
    bad = faults_of(overrides)
    good: dict[str, Any] = {name: _read(name, value) for name, value in overrides.items() if name not in bad}
    return replace(built_in, **good, known=built_in.known or "temperature" in good) if good else built_in


def as_stored(name: str, value: object) -> Any:
    """A value of the capability `name` in its JSON form."""
    return _adapter(name).dump_python(value, mode="json")


def _read(name: str, value: object) -> Any:
    """Strictly, as JSON: there is no tuple or date in it, and "5" or true is no number."""
    return _adapter(name).validate_json(orjson.dumps(value), strict=True)


def annotation_of(name: str) -> Any:
    """The type of a capability's value with its bounds, for pydantic."""
    hint = get_type_hints(Capabilities)[name]
    for bound in _BOUNDS.get(name, ()):
        hint = Annotated[hint, bound]
    return hint


@cache
def _adapter(name: str) -> TypeAdapter[Any]:
    return TypeAdapter(annotation_of(name), config=ConfigDict(allow_inf_nan=False))
