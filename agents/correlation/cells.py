"""A side as columns that can be joined and compared without a loop.

For key n: `k{n}`, its text. For field n: `f{n}`, the value as text (null where there is none), `n{n}` as a number where
JSON has a number, `s{n}` as a number where a text reads as one, `t{n}` as seconds since 1970 where a text reads as a
date or time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl

from agents.correlation.rows import Row, value_in

_EXACT = 2**53
"""Beyond, whole numbers are compared as texts: as floats, neighbours would be the same."""

_ISO = "yyyy-mm-dd"


def columns_of(rows: Sequence[Row], *, keys: Sequence[str], fields: Sequence[str]) -> pl.DataFrame:
    columns = [_texts(f"k{n}", (value_in(row, key) for row in rows)) for n, key in enumerate(keys)]
    for n, field in enumerate(fields):
        values = [value_in(row, field) for row in rows]
        columns += [
            _texts(f"f{n}", values),
            pl.Series(f"n{n}", [_number(value) for value in values], dtype=pl.Float64),
            pl.Series(f"s{n}", [_number_in(value) for value in values], dtype=pl.Float64),
            pl.Series(f"t{n}", [_seconds(value) for value in values], dtype=pl.Float64),
        ]
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


def _texts(name: str, values: Iterable[Any]) -> pl.Series:
    return pl.Series(name, [text_of(value) for value in values], dtype=pl.String)


def _number(value: Any) -> float | None:
    if isinstance(value, float):
        return value
    return float(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _EXACT else None


def _number_in(value: Any) -> float | None:
    """Of "12.50", but not of " 12", "1_000" or "nan"."""
    if not isinstance(value, str) or not value or len(value) > 24 or value[-1] not in "0123456789.":
        return None
    try:
        return None if "_" in value or value[0].isspace() else float(value)
    except ValueError:
        return None


def _seconds(value: Any) -> float | None:
    """Of ISO 8601; without a zone it is UTC."""
    if not isinstance(value, str) or len(value) < len(_ISO) or value[4] != "-" or value[7] != "-":
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    try:
        return moment.timestamp()
    except OverflowError:
        return None
