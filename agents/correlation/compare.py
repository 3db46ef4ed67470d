"""Two lists of records -> which agree, and the class of each mismatch.

value       both sides have the entity, and a field differs by more than the tolerance
timing      as above, and a time of it differs: one side is older, and may only not have caught up
missing     only one side has the entity
duplicate   a side has the entity more than once; its first record is what is compared

An entity that is duplicate may be in another class as well. Null and a field that is not there are the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_

import polars as pl

from agents.correlation.cells import loosened
from agents.correlation.pairing import Pair, check_numbers, common_pairs
from agents.correlation.rows import Listing
from agents.correlation.side import names_in, read_side

_SLACK = 1 + 1e-9
"""1.1 and 1.0 are 0.1 apart, whatever floats make of it."""

_EPOCH = (1e8, 1e11)
"""Seconds since 1970 from 1973 on; a thousand times that is milliseconds."""


@dataclass(frozen=True, kw_only=True)
class Tolerance:
    """`number`: how far numbers may be apart. `percent`: the same, in percent of the larger one; the two add up.
    `seconds`: between times. `loose`: case and blanks make no difference. `synonyms`: what a text of the right means on
    the left."""

    number: float = 0.0
    percent: float = 0.0
    seconds: float = 0.0
    loose: bool = False
    synonyms: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Side:
    rows: int
    entities: int
    without_key: int
    """Rows in which a key is missing or null: they are compared with nothing."""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """`pairs`: the keys k{n}, and for field n the columns of `cells` with l_ and r_, `differs{n}`, `gap{n}` (between
    numbers), `lag{n}` (seconds by which the left is later); only where something differs. `missing_…` and `duplicates`:
    the keys; with `l_count` and `r_count` (0 where that side has the entity not at all)."""

    left: Side
    right: Side
    keys: Sequence[Pair]
    fields: Sequence[Pair]
    matched: int
    agreeing: int
    entities: int
    pairs: pl.DataFrame
    missing_left: pl.DataFrame
    missing_right: pl.DataFrame
    duplicates: pl.DataFrame


def compare(
    left: Listing,
    right: Listing,
    *,
    keys: Sequence[Pair],
    fields: Sequence[Pair] = (),
    tolerance: Tolerance | None = None,
) -> Compared:
    """Without `fields`: all that both sides have by the same name. CPU-bound, for a thread. Raises CorrelationFault."""
    fields = list(fields) or common_pairs(names_in(left), names_in(right), keys=keys)
    check_numbers(keys=keys, fields=fields)
    ours = read_side(left, side="left", keys=[k.left for k in keys], fields=[f.left for f in fields])
    theirs = read_side(right, side="right", keys=[k.right for k in keys], fields=[f.right for f in fields])
    return _joined(ours, theirs, keys=keys, fields=fields, within=tolerance or Tolerance())


def _joined(
    ours: pl.DataFrame, theirs: pl.DataFrame, *, keys: Sequence[Pair], fields: Sequence[Pair], within: Tolerance
) -> Compared:
    on = [f"k{n}" for n in range(len(keys))]
    ours, theirs = ours.with_row_index("row"), theirs.with_row_index("row")
    if within.loose:
        ours, theirs = ours.with_columns(_loose_keys(on)), theirs.with_columns(_loose_keys(on))
    left, right = ours.drop_nulls(on), theirs.drop_nulls(on)
    first_left, first_right = _firsts(left, "l", on=on), _firsts(right, "r", on=on)
    both = first_left.join(first_right, on=on, maintain_order="left")
    differing = _differing(both, ours, theirs, fields=len(fields), within=within)
    counts = _counts(left, right, on=on)
    return Compared(
        left=Side(rows=len(ours), entities=len(first_left), without_key=len(ours) - len(left)),
        right=Side(rows=len(theirs), entities=len(first_right), without_key=len(theirs) - len(right)),
        keys=keys,
        fields=fields,
        matched=len(both),
        agreeing=len(both.filter(~differing).join(counts, on=on, how="anti")),
        entities=len(first_left) + len(first_right) - len(both),
        pairs=_pairs(both.filter(differing), ours, theirs, on=on, fields=len(fields), within=within),
        missing_left=first_right.join(first_left, on=on, how="anti", maintain_order="left").select(on),
        missing_right=first_left.join(first_right, on=on, how="anti", maintain_order="left").select(on),
        duplicates=counts,
    )


def _firsts(side: pl.DataFrame, name: str, /, *, on: list[str]) -> pl.DataFrame:
    """The keys of each entity, and the place of its first record."""
    return side.select(*on, pl.col("row").alias(name)).unique(on, keep="first", maintain_order=True)


def _differing(
    both: pl.DataFrame, ours: pl.DataFrame, theirs: pl.DataFrame, *, fields: int, within: Tolerance
) -> pl.Series:
    """Whether any field does; one after another, so that the columns of only one are copied at a time."""
    any_does = pl.Series([False]).new_from_index(0, len(both))
    for n in range(fields):
        any_does |= _cells(both, ours, theirs, n=n).select(_judgements(n, within)[0]).to_series()
    return any_does


def _pairs(
    both: pl.DataFrame, ours: pl.DataFrame, theirs: pl.DataFrame, *, on: list[str], fields: int, within: Tolerance
) -> pl.DataFrame:
    cells = [_cells(both, ours, theirs, n=n).with_columns(_judgements(n, within)) for n in range(fields)]
    return pl.concat([both.select(on), *cells], how="horizontal")


def _cells(both: pl.DataFrame, ours: pl.DataFrame, theirs: pl.DataFrame, *, n: int) -> pl.DataFrame:
    names = [f"{letter}{n}" for letter in "fnst"]
    left = ours.select(names).select(pl.all().gather(both["l"])).rename(lambda name: f"l_{name}")
    right = theirs.select(names).select(pl.all().gather(both["r"])).rename(lambda name: f"r_{name}")
    return pl.concat([left, right], how="horizontal")


def _loose_keys(on: list[str]) -> list[pl.Expr]:
    return [loosened(pl.col(key)).alias(key) for key in on]


def _counts(left: pl.DataFrame, right: pl.DataFrame, *, on: list[str]) -> pl.DataFrame:
    """The entities that a side has more than once, those with most records first."""
    ours = left.group_by(on).agg(pl.len().alias("l_count"))
    theirs = right.group_by(on).agg(pl.len().alias("r_count"))
    counted = ours.join(theirs, on=on, how="full", coalesce=True).with_columns(
        pl.col("l_count", "r_count").fill_null(0)
    )
    most = pl.max_horizontal("l_count", "r_count")
    return counted.filter(most > 1).sort([most, *on], descending=[True, *(False for _ in on)])


def _judgements(n: int, within: Tolerance) -> list[pl.Expr]:
    number, time = _both_numbers(n), _both_times(n)
    return [
        (~_equal(n, number=number, time=time, within=within)).alias(f"differs{n}"),
        number[0].sub(number[1]).abs().alias(f"gap{n}"),
        time[0].sub(time[1]).alias(f"lag{n}"),
    ]


Two = tuple[pl.Expr, pl.Expr]


def _both_numbers(n: int) -> Two:
    """Null unless one is a JSON number and the other one, too, or a text that reads as one."""
    left, right = pl.col(f"l_n{n}"), pl.col(f"r_n{n}")
    ours, theirs = pl.coalesce(left, f"l_s{n}"), pl.coalesce(right, f"r_s{n}")
    is_one = left.is_not_null() | right.is_not_null()
    return pl.when(is_one & theirs.is_not_null()).then(ours), pl.when(is_one & ours.is_not_null()).then(theirs)


def _both_times(n: int) -> Two:
    """Null unless one is a written time and the other one, too, or a number that counts from 1970."""
    left, right = pl.col(f"l_t{n}"), pl.col(f"r_t{n}")
    ours, theirs = pl.coalesce(left, _epoch(f"l_n{n}")), pl.coalesce(right, _epoch(f"r_n{n}"))
    is_one = left.is_not_null() | right.is_not_null()
    return pl.when(is_one & theirs.is_not_null()).then(ours), pl.when(is_one & ours.is_not_null()).then(theirs)


def _epoch(column: str) -> pl.Expr:
    value, (least, most) = pl.col(column), _EPOCH
    seconds = pl.when(value.is_between(least, most, closed="left")).then(value)
    return pl.coalesce(seconds, pl.when(value.is_between(least * 1000, most * 1000, closed="left")).then(value / 1000))


def _equal(n: int, *, number: Two, time: Two, within: Tolerance) -> pl.Expr:
    ours, theirs = pl.col(f"l_f{n}"), pl.col(f"r_f{n}")
    same = _same(ours, theirs, within)
    if within.synonyms:
        same |= _same(ours, theirs.replace(within.synonyms), within)
    larger = pl.max_horizontal(number[0].abs(), number[1].abs())
    room = (within.number + larger * (within.percent / 100)) * _SLACK
    near = (number[0] - number[1]).abs() <= room
    soon = (time[0] - time[1]).abs() <= within.seconds
    return same | near.fill_null(False) | soon.fill_null(False)


def _same(ours: pl.Expr, theirs: pl.Expr, within: Tolerance, /) -> pl.Expr:
    return loosened(ours).eq_missing(loosened(theirs)) if within.loose else ours.eq_missing(theirs)


def _any(expressions: list[pl.Expr]) -> pl.Expr:
    return reduce(or_, expressions) if expressions else pl.lit(False)


def is_late(fields: int) -> pl.Expr:
    """Whether a time of the pair differs."""
    return _any([pl.col(f"differs{n}") & pl.col(f"lag{n}").is_not_null() for n in range(fields)])
