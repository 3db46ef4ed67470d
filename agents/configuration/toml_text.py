"""Values as TOML writes them (toml.io, version 1.0), for the few kinds of values that a configuration has."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def toml_value(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case str():
            return _lines(value) if "\n" in value else _quoted(value)
        case list():
            return f"[{', '.join(toml_value(item) for item in value)}]"
        case Mapping():
            pairs = ", ".join(f"{toml_key(str(key))} = {toml_value(item)}" for key, item in value.items())
            return f"{{ {pairs} }}" if pairs else "{}"
    raise TypeError(f"a configuration holds no {type(value).__name__}")


def toml_key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _quoted(key)


def _lines(text: str) -> str:
    """A text of many lines as one can read it; the line break after the first quotes is not part of it."""
    return '"""\n' + "\n".join(_quoted(line)[1:-1] for line in text.split("\n")) + '"""'


def _quoted(text: str) -> str:
    """JSON's escapes are TOML's, except that TOML escapes DEL, too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
