"""What came of a comparison, as JSON can hold it: a summary that is small whatever was compared, and the list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import polars as pl

from agents.correlation.cells import shown
from agents.correlation.compare import Compared, is_late
from agents.correlation.pairing import Pair

EXAMPLES = 3
"""Of each class and field in a summary."""

MOST_LISTED = 2_000
"""Mismatches of each class in the list."""

_VALUE_SHOWN = 120
"""Characters of a value."""

Told = dict[str, Any]


def summary(compared: Compared) -> Told:
    """Counts of everything, and of each class and field the worst few."""
    late = compared.pairs.filter(is_late(len(compared.fields)))
    rate = compared.agreeing / compared.entities if compared.entities else 0.0
    return {
        "entities": compared.entities,
        "on_both_sides": compared.matched,
        "agreeing": compared.agreeing,
        "match_rate_percent": int(rate * 10_000) / 100,  # 100 only where everything agrees
        "mismatches": {
            "value": len(compared.pairs) - len(late),
            "timing": len(late),
            "timing_where_other_fields_differ_too": len(late.filter(_differs_otherwise(len(compared.fields)))),
            "missing_on_left": len(compared.missing_left),
            "missing_on_right": len(compared.missing_right),
            "duplicate": len(compared.duplicates),
        },
        "left": asdict(compared.left),
        "right": asdict(compared.right),
        "fields": _by_field(compared),
        "examples": {
            "missing_on_left": _keys(compared.missing_left.head(EXAMPLES), compared.keys),
            "missing_on_right": _keys(compared.missing_right.head(EXAMPLES), compared.keys),
            "duplicate": _duplicates(compared.duplicates.head(EXAMPLES), compared.keys),
        },
    }


def listing(compared: Compared, *, most: int = MOST_LISTED) -> Told:
    """The mismatches of each class, worst first, at most `most` of each."""
    late = is_late(len(compared.fields))
    worst = _worst_first(compared.pairs, fields=range(len(compared.fields)))
    return {
        "value": _pairs(worst.filter(~late).head(most), compared),
        "timing": _pairs(worst.filter(late).head(most), compared),
        "missing_on_left": _keys(compared.missing_left.head(most), compared.keys),
        "missing_on_right": _keys(compared.missing_right.head(most), compared.keys),
        "duplicate": _duplicates(compared.duplicates.head(most), compared.keys),
    }


def _differs_otherwise(fields: int) -> pl.Expr:
    """Whether a field that is no time differs."""
    others = [pl.col(f"differs{n}") & pl.col(f"lag{n}").is_null() for n in range(fields)]
    return pl.any_horizontal(others) if others else pl.lit(False)


def _by_field(compared: Compared) -> list[Told]:
    """The fields in which most differ first; of each, those that are furthest apart."""
    told = []
    for n, field in enumerate(compared.fields):
        differing = compared.pairs.filter(pl.col(f"differs{n}"))
        worst = _worst_first(differing, fields=[n]).head(EXAMPLES)
        examples = [_key(row, compared.keys) | _values(row, n) for row in worst.iter_rows(named=True)]
        told.append({"field": field.name, "differing": len(differing), "worst": examples})
    return sorted(told, key=lambda one: -one["differing"])


def _worst_first(pairs: pl.DataFrame, *, fields: Sequence[int]) -> pl.DataFrame:
    """Numbers and times by how far they are apart, then texts, then by key."""
    on = [name for name in pairs.columns if name.startswith("k")]
    if not fields:
        return pairs.sort(on)
    gaps = [pl.when(f"differs{n}").then(pl.coalesce(f"gap{n}", pl.col(f"lag{n}").abs())) for n in fields]
    worst = pl.max_horizontal(gaps)
    return pairs.sort([worst, *on], descending=[True, *(False for _ in on)], nulls_last=True)


def _pairs(pairs: pl.DataFrame, compared: Compared) -> list[Told]:
    return [
        _key(row, compared.keys)
        | {field.name: _values(row, n) for n, field in enumerate(compared.fields) if row[f"differs{n}"]}
        for row in pairs.iter_rows(named=True)
    ]


def _values(row: Mapping[str, Any], n: int) -> Told:
    told: Told = {"left": _cut(row, f"l_{{}}{n}"), "right": _cut(row, f"r_{{}}{n}")}
    if (lag := row[f"lag{n}"]) is not None:
        told["left_is_later_by_seconds"] = round(lag, 3)
    return told


def _cut(row: Mapping[str, Any], column: str) -> object:
    value = shown(row[column.format("f")], row[column.format("n")])
    return f"{value[:_VALUE_SHOWN]}…" if isinstance(value, str) and len(value) > _VALUE_SHOWN else value


def _keys(frame: pl.DataFrame, keys: Sequence[Pair]) -> list[Told]:
    return [_key(row, keys) for row in frame.iter_rows(named=True)]


def _duplicates(frame: pl.DataFrame, keys: Sequence[Pair]) -> list[Told]:
    return [
        _key(row, keys) | {"on_left": row["l_count"], "on_right": row["r_count"]} for row in frame.iter_rows(named=True)
    ]


def _key(row: Mapping[str, Any], keys: Sequence[Pair]) -> Told:
    return {"key": " / ".join(row[f"k{n}"][:_VALUE_SHOWN] for n in range(len(keys)))}
