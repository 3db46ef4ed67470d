"""What a tool returned -> the text of its result: strings as they are, the rest as compact JSON, never too much."""

from __future__ import annotations

from decimal import Decimal

import orjson
from pydantic import BaseModel

from agents.llm.clean_text import clean_text

OUTPUT_LIMIT = 2_000_000
"""UTF-8 bytes of one result that are kept. Far above any token limit: it guards memory and the database."""


def output_text(output: object) -> str:
    """TypeError for something that JSON cannot hold. Equal outputs give equal texts."""
    return _capped(clean_text(output if isinstance(output, str) else _json(output)))


def _json(output: object) -> str:
    return orjson.dumps(output, default=_plain, option=orjson.OPT_NON_STR_KEYS).decode()


def _plain(value: object) -> object:
    match value:
        case BaseModel():
            return value.model_dump(mode="json")
        case set() | frozenset():
            return sorted(value, key=_json)  # the order of a set changes from process to process
        case Decimal():
            return str(value)
    raise TypeError(f"a tool cannot return {type(value).__name__}")


def _capped(text: str) -> str:
    if len(text) * 4 <= OUTPUT_LIMIT:
        return text
    data = text.encode()
    if len(data) <= OUTPUT_LIMIT:
        return text
    kept = data[:OUTPUT_LIMIT].decode(errors="ignore")
    return f"{kept}\n[Cut here: the result has {len(data)} bytes, only the first {OUTPUT_LIMIT} are shown.]"
