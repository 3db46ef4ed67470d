"""A side as columns that can be joined and compared without a loop.

For key n: `k{n}`, its text. For field n: `f{n}`, the value as text (null where there is none), `n{n}` as a number where
JSON has a number, `s{n}` as a number where a text reads as one, `t{n}` as seconds since 1970 where a text reads as a
date or time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl

from agents.correlation.pairing import Term
from agents.correlation.rows import Row, value_in

_EXACT = 2**53
"""From here on, whole numbers are compared as texts: as floats, neighbours would be the same."""

_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$"
_DAY = r"^\d{4}-\d\d-\d\d"


def columns_of(rows: Sequence[Row], *, keys: Sequence[Term], fields: Sequence[Term]) -> pl.DataFrame:
    columns = [_texts(f"k{n}", _values(rows, key)) for n, key in enumerate(keys)]
    for n, field in enumerate(fields):
        values = _values(rows, field)
        texts = _texts(f"f{n}", values)
        columns += [texts, _numbers(f"n{n}", values), _numbers_in(texts, f"s{n}"), _seconds_in(texts, f"t{n}")]
    return pl.DataFrame(columns)


def loosened(text: pl.Expr) -> pl.Expr:
    """Without upper case, and with single blanks inside only."""
    return text.str.to_lowercase().str.replace_all(r"\s+", " ").str.strip_chars()


def shown(text: str | None, number: float | None) -> str | int | float | None:
    """A cell as it is told: a number as a number."""
    if text is None or number is None:
        return text
    return int(text) if text.lstrip("-").isdigit() else number


def text_of(value: Any) -> str | None:
    """The same for 17, 17.0 and "17": services disagree on whether an id is a number. None for null."""
    match value:
        case None:
            return None
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer() and abs(value) < _EXACT:
            return str(int(value))
        case int() | float():
            return str(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _values(rows: Sequence[Row], term: Term) -> list[Any]:
    values = [value_in(row, term.field) for row in rows]
    return [_scaled(value, term) for value in values] if term.is_scaled else values


def _scaled(value: Any, term: Term) -> Any:
    """A number, or a text that reads as one; anything else as it is."""
    number = float(value) if isinstance(value, str) and re.fullmatch(_NUMBER, value) else value
    return number * term.times / term.over if isinstance(number, int | float) and not isinstance(value, bool) else value


def _texts(name: str, values: Sequence[Any]) -> pl.Series:
    texts = values if set(map(type, values)) <= {str, type(None)} else [text_of(value) for value in values]
    return pl.Series(name, texts, dtype=pl.String)


def _numbers(name: str, values: Sequence[Any]) -> pl.Series:
    if not set(map(type, values)) & {int, float}:
        return pl.Series(name, [None], dtype=pl.Float64).new_from_index(0, len(values))
    return pl.Series(name, [_number(value) for value in values], dtype=pl.Float64)


def _number(value: Any) -> float | None:
    if isinstance(value, float):
        return value
    return float(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _EXACT else None


def _numbers_in(texts: pl.Series, name: str, /) -> pl.Series:
    """Of "12.50", but not of " 12" or "nan"."""
    cell = pl.col(texts.name)
    value = pl.when(cell.str.contains(_NUMBER)).then(cell).cast(pl.Float64, strict=False)
    return texts.to_frame().select(pl.when(value.abs() < _EXACT).then(value).alias(name)).to_series()


def _seconds_in(texts: pl.Series, name: str, /) -> pl.Series:
    if not texts.str.contains(_DAY).any():
        return pl.Series(name, [None], dtype=pl.Float64).new_from_index(0, len(texts))
    return pl.Series(name, [_seconds(text) for text in texts], dtype=pl.Float64)


def _seconds(text: str | None) -> float | None:
    """Of ISO 8601; without a zone it is UTC."""
    if text is None or text[4:5] != "-" or text[7:8] != "-":
        return None
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
