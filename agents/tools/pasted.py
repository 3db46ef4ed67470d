"""Data that somebody pasted into a message, as texts that hold records: JSON anywhere in it, or lines of a table."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from itertools import groupby
from typing import Any

MOST_TRIED = 500
"""Brackets that turn out to begin no JSON: beyond, a text is not looked through any further."""

_DELIMITERS = "\t;,"
_FEWEST_LINES = 3
_LONGEST_NAME = 60
_LONGEST_LINE = 20_000


def data_in(text: str) -> list[str]:
    """Each list of records in `text`, in the order in which they stand there, JSON before tables."""
    found, rest = _json_in(text)
    return [*found, *_tables_in(rest)]


def has_records(value: Any) -> bool:
    """Is it a list of objects, or an object with such a list?"""
    lists = value.values() if isinstance(value, dict) else (value,)
    return any(isinstance(one, list) and one and all(isinstance(row, dict) for row in one) for one in lists)


def _json_in(text: str) -> tuple[list[str], str]:
    """What was found, and what is left of the text without it."""
    decoder, found, rest, place, kept, tried = json.JSONDecoder(), [], [], 0, 0, 0
    while tried < MOST_TRIED and (start := _next_bracket(text, place)) >= 0:
        try:
            value, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            tried, place = tried + 1, start + 1
            continue
        if has_records(value):
            found.append(text[start:end])
            rest.append(text[kept:start])
            kept = end
        place = end
    return found, "\n".join([*rest, text[kept:]])


def _next_bracket(text: str, place: int) -> int:
    places = [text.find(bracket, place) for bracket in "[{"]
    return min((one for one in places if one >= 0), default=-1)


def _tables_in(text: str) -> Iterator[str]:
    for columns, lines in groupby(text.splitlines(), key=_columns):
        rows = list(lines)
        if columns and len(rows) >= _FEWEST_LINES and (records := _records(rows, delimiter=columns[0])):
            yield json.dumps(records, ensure_ascii=False)


def _columns(line: str) -> tuple[str, int] | None:
    """What parts the cells of a line, and how many there are; None for a line that is none of a table."""
    delimiter = next((one for one in _DELIMITERS if one in line), None)
    if delimiter is None or len(line) > _LONGEST_LINE:
        return None
    return delimiter, len(next(csv.reader([line], delimiter=delimiter)))


def _records(lines: list[str], *, delimiter: str) -> list[dict[str, str]]:
    """[] where the first line does not name the columns."""
    names, *rows = ([cell.strip() for cell in row] for row in csv.reader(lines, delimiter=delimiter))
    if len(set(names)) < len(names) or not all(name and len(name) <= _LONGEST_NAME for name in names):
        return []
    return [dict(zip(names, row, strict=True)) for row in rows]
