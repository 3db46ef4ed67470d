"""TOML to a checked `Configuration`, and mistakes back to the lines where they stand."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from agents.configuration.consistency import repetitions
from agents.configuration.lines import line_of
from agents.configuration.refusal import ConfigurationRefused, Fault
from agents.configuration.schema import Configuration

_MESSAGES = {
    "missing": "is missing",
    "extra_forbidden": "is not a known key",
    "bool_type": "must be true or false",
    "date_type": "must be a day: 2027-01-14",
    "dict_type": "must be a table",
    "finite_number": "must be a number",
    "float_type": "must be a number",
    "greater_than_equal": "must be {ge} or more",
    "int_type": "must be a whole number",
    "less_than_equal": "must be {le} or less",
    "literal_error": "must be one of {expected}",
    "list_type": "must be written in double brackets, once for each: [[...]]",
    "model_type": "must be a table",
    "string_too_long": "must have at most {max_length} characters",
    "string_too_short": "must not be empty",
    "string_type": "must be text in quotes",
    "too_long": "must have at most {max_length} entries",
    "too_short": "must not be empty",
    "tuple_type": 'must be a list: ["low", "high"]',
    "value_error": "{error}",
}
_SHOWN = 50
_AT_LINE = re.compile(r" \(at line (\d+), column \d+\)$")


@dataclass(frozen=True, kw_only=True)
class Document:
    """A text that is TOML. It may hold secrets, so it never shows itself."""

    text: str = field(repr=False)
    tree: dict[str, Any] = field(repr=False)


def parse(content: bytes) -> Document:
    """ConfigurationRefused if it is not TOML in UTF-8."""
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ConfigurationRefused([Fault(message="is not UTF-8 text", line=line)]) from None
    try:
        return Document(text=text, tree=tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationRefused([_syntax_fault(str(error), text=text)]) from None
    except (RecursionError, ValueError):
        raise ConfigurationRefused(
            [Fault(message="is nested too deeply, or holds a number that is too long")]
        ) from None


def checked(document: Document) -> Configuration:
    """The file alone, by the schema and the ranges. ConfigurationRefused with every mistake."""
    try:
        configuration = Configuration.model_validate(document.tree)
    except ValidationError as error:
        raise ConfigurationRefused([_fault(item) for item in error.errors()]) from None
    faults = repetitions(configuration)
    if faults:
        raise ConfigurationRefused(faults)
    return configuration


def explained(refused: ConfigurationRefused, *, name: str, document: Document | None = None) -> str:
    """One line for each mistake: `NAME, line 12: temperature must be a number from 0.0 to 2.0`."""
    located = [(_line(fault, document), fault) for fault in refused.faults[:_SHOWN]]
    told = [f"{name}{_place(line)}: {_named(fault)}" for line, fault in sorted(located, key=lambda pair: pair[0])]
    more = len(refused.faults) - len(located)
    return "\n".join([*told, f"... and {more} more"] if more else told)


def _line(fault: Fault, document: Document | None) -> int:
    """0 where there is none."""
    if fault.line is not None:
        return fault.line
    return line_of(document.text, fault.path) if document and fault.path else 0


def _place(line: int) -> str:
    return f", line {line}" if line else ""


def _named(fault: Fault) -> str:
    """A quoted key of TOML may hold anything, line breaks and escapes too."""
    names = [step for step in fault.path if isinstance(step, str)]
    if not names:
        return fault.message
    name = names[-1] if names[-1].isprintable() else ascii(names[-1])
    return f"{name} {fault.message}"


def _fault(item: Any) -> Fault:
    template = _MESSAGES.get(item["type"])
    message = template.format_map(item.get("ctx", {})) if template else item["msg"]
    return Fault(path=tuple(step for step in item["loc"] if step != "[key]"), message=message)


def _syntax_fault(message: str, *, text: str) -> Fault:
    """The parser ends its message with the place, where there is one."""
    at = _AT_LINE.search(message)
    line = int(at[1]) if at else text.count("\n") + 1
    return Fault(message=f"is not TOML: {_AT_LINE.sub('', message)}", line=line)
