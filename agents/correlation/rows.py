"""Records out of a text: a list of objects somewhere in JSON, or a JSON object on each line (NDJSON).

A path may lead through a list: the rows at `orders.items` are all items of all orders, and each has the fields of its
order, too, but for those that it has itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from agents.correlation.fault import CorrelationFault, listed

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Page:
    """A text with rows in it; `name` is what a fault calls it."""

    name: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Listing:
    """The pages of one list, in order. `path` leads to the rows of each."""

    pages: Sequence[Page]
    path: str = ""

    def __iter__(self) -> Iterator[list[Row]]:
        """The rows of each page: only one page is held at a time. Raises CorrelationFault."""
        for page in self.pages:
            yield read_rows(page.text, path=self.path, name=page.name)


MOST_SPREAD = 200_000_000
"""Characters that the fields around inner rows may come to, repeated for each."""


def read_rows(text: str, *, path: str = "", name: str) -> list[Row]:
    """The list of objects that `path` leads to: `data.items`. Without one: the text itself, or the only list in it.

    Raises CorrelationFault.
    """
    rows = _list_in(_value_of(text, name=name), path=path.strip().removeprefix("$").strip("."), name=name)
    odd = next((n for n, row in enumerate(rows) if not isinstance(row, dict)), None)
    if odd is not None:
        raise CorrelationFault(f"item {odd:,} of the list in {name} is {_kind(rows[odd])}, not an object with fields")
    return rows


def value_in(row: Row, field: str, /) -> Any:
    """Of a field, or of `customer.id`, a field of a field; None where there is none."""
    if field in row:
        return row[field]
    value: Any = row
    for step in field.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _value_of(text: str, *, name: str) -> Any:
    try:
        return json.loads(text, parse_constant=str)  # NaN is no number that could be compared
    except RecursionError:
        raise CorrelationFault(f"{name} is nested too deeply to be read") from None
    except ValueError as error:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) < 2 or not lines[0].lstrip().startswith("{"):
            raise CorrelationFault(_no_json(name, text, error)) from None
        return [_line_of(line, number=number, name=name) for number, line in enumerate(lines, start=1)]


def _line_of(line: str, *, number: int, name: str) -> Any:
    try:
        return json.loads(line, parse_constant=str)
    except (ValueError, RecursionError):
        raise CorrelationFault(
            f"line {number:,} of {name} is no JSON object. If the result was cut there, get it in smaller pages"
        ) from None


def _no_json(name: str, text: str, error: ValueError) -> str:
    if text.lstrip().startswith(("{", "[")):
        return f"{name} is JSON only at its beginning ({error}). If the result was cut, get it in smaller pages"
    return f"{name} is no JSON, so it has no rows"


def _list_in(value: Any, *, path: str, name: str) -> list[Any]:
    gone = ""
    for step in path.split(".") if path else []:
        value, gone = (
            _step_into(value, step, at=f"{name} has no {step!r} at {gone.strip('.') or 'its top'}"),
            f"{gone}.{step}",
        )
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        lists = [field for field, inner in value.items() if isinstance(inner, list)]
        if len(lists) == 1:
            inner: list[Any] = value[lists[0]]
            return inner
        there = f"it has several: {listed(lists)}" if lists else f"its fields: {listed(value)}"
        raise CorrelationFault(f"the path to the rows of {name} must lead to a list; {there}")
    raise CorrelationFault(f"{name} has no rows at {gone.strip('.') or 'its top'}: it is {_kind(value)}")


def _step_into(value: Any, step: str, *, at: str) -> Any:
    if isinstance(value, list) and any(isinstance(row, dict) and isinstance(row.get(step), list) for row in value):
        _check_spread(value, step)
        return [inner for row in value for inner in _inner_rows(row, step)]
    if not isinstance(value, dict) or step not in value:
        there = f"its fields: {listed(value)}" if isinstance(value, dict) else f"it is {_kind(value)}"
        raise CorrelationFault(f"{at}; {there}")
    return value[step]


def _check_spread(rows: list[Any], step: str) -> None:
    """Every inner row gets a copy of what is around it: a few long rows with many inner ones come to a lot."""
    spread = sum(
        len(row[step]) * len(json.dumps({**row, step: None}, default=str))
        for row in rows
        if isinstance(row, dict) and isinstance(row.get(step), list) and row[step]
    )
    if spread > MOST_SPREAD:
        raise CorrelationFault(
            f"the rows in {step!r} would each repeat the fields around them, {spread:,} characters in all, and "
            f"{MOST_SPREAD:,} are possible. Get fewer of them, or without those fields"
        )


def _inner_rows(row: Any, step: str, /) -> Iterator[Any]:
    inner = row.get(step) if isinstance(row, dict) else None
    outer = {name: value for name, value in row.items() if name != step} if inner else {}
    for one in inner if isinstance(inner, list) else ():
        yield outer | one if isinstance(one, dict) else one


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
