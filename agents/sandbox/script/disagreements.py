"""The mismatches that a comparison found, one by one, as far as its summary shows them or they were recalled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Result = Mapping[str, Any]

IN_FIELDS = ("value", "timing")
ON_A_SIDE = ("missing_on_right", "missing_on_left", "duplicate")
CLASSES = (*IN_FIELDS, *ON_A_SIDE)
"""As `correlate` names them, in the order of a report."""


@dataclass(frozen=True, kw_only=True)
class Disagreement:
    """`kind` is one of CLASSES; `left` and `right` are what each side says, as text."""

    kind: str
    key: str
    field: str = ""
    left: str = ""
    right: str = ""


def counts_of(summary: Result) -> dict[str, int]:
    """Of each class; 0 where the summary does not tell."""
    told = summary.get("mismatches") or {}
    return {kind: told[kind] if isinstance(told.get(kind), int) else 0 for kind in CLASSES}


def classes_to_recall(summary: Result) -> list[str]:
    """Those of which the summary shows fewer than there are, or does not say which is which."""
    counts = counts_of(summary)
    differing = {one["key"] for field in _fields(summary) for one in _rows(field.get("worst"))}
    is_plain = len(differing) == counts["value"] + counts["timing"] and 0 in {counts["value"], counts["timing"]}
    fewer = [kind for kind in ON_A_SIDE if len(_examples(summary, kind)) < counts[kind]]
    return [kind for kind in (*(() if is_plain else IN_FIELDS), *fewer) if counts[kind]]


def disagreements(summary: Result, details: Mapping[str, Sequence[Result]]) -> list[Disagreement]:
    """In the order of CLASSES; in each, as `correlate` gave them: the worst first."""
    counts = counts_of(summary)
    found: list[Disagreement] = []
    for kind in IN_FIELDS:
        if details.get(kind):
            found += [one for row in _rows(details[kind]) for one in _of_row(kind, row)]
        elif counts[kind] and not any(counts[other] for other in IN_FIELDS if other != kind):
            found += _of_fields(kind, summary)
    for kind in ON_A_SIDE:
        found += [_of_side(kind, row) for row in _rows(details.get(kind)) or _examples(summary, kind)]
    return found


def _of_fields(kind: str, summary: Result) -> Iterator[Disagreement]:
    for field in _fields(summary):
        for row in _rows(field.get("worst")):
            yield _of_field(kind, row, field=str(field.get("field")), values=row)


def _of_row(kind: str, row: Result) -> Iterator[Disagreement]:
    for field, values in row.items():
        if isinstance(values, Mapping):
            yield _of_field(kind, row, field=field, values=values)


def _of_field(kind: str, row: Result, *, field: str, values: Result) -> Disagreement:
    left, right = (_text(values.get(side)) for side in ("left", "right"))
    return Disagreement(kind=kind, key=_text(row["key"]), field=_text(field), left=left, right=right)


def _of_side(kind: str, row: Result) -> Disagreement:
    if kind != "duplicate":
        return Disagreement(kind=kind, key=_text(row["key"]))
    left, right = (_text(row.get(f"on_{side}")) for side in ("left", "right"))
    return Disagreement(kind=kind, key=_text(row["key"]), field="records", left=left, right=right)


def _fields(summary: Result) -> list[Result]:
    """Without what stands for fields that were cut out."""
    return [one for one in summary.get("fields") or () if isinstance(one, Mapping)]


def _examples(summary: Result, kind: str) -> list[Result]:
    return _rows((summary.get("examples") or {}).get(kind))


def _rows(rows: Any) -> list[Result]:
    return [row for row in rows or () if isinstance(row, Mapping) and "key" in row]


def _text(value: object) -> str:
    """Nothing in it ends a cell of a table or a span of code."""
    return "null" if value is None else " ".join(str(value).replace("`", "'").replace("|", "/").split())
