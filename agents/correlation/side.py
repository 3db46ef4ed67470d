"""One side of a comparison, page by page: of each, only the columns that are needed stay in memory."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from agents.correlation.cells import columns_of
from agents.correlation.fault import CorrelationFault, listed
from agents.correlation.pairing import Term
from agents.correlation.rows import Listing, Row

MOST_CELLS = 5_000_000
"""Rows times keys and fields of a side: up to about 300 MB."""


def names_in(listing: Listing) -> dict[str, None]:
    """Every field that any of the rows has, in order."""
    names: dict[str, None] = {}
    for rows in listing:
        _note(names, rows)
    return names


def read_side(listing: Listing, *, side: str, keys: Sequence[Term], fields: Sequence[Term]) -> pl.DataFrame:
    """Its columns (see `cells`). CorrelationFault if it has no rows, too many, or none with a field that is named."""
    frames, names, cells = [], dict[str, None](), 0
    for rows in listing:
        cells += len(rows) * (len(keys) + len(fields))
        if cells > MOST_CELLS:
            raise CorrelationFault(
                f"the {side} side is too large: rows times fields may be {MOST_CELLS:,}. Compare fewer fields, or "
                "fewer pages"
            )
        _note(names, rows)
        frames.append(columns_of(rows, keys=keys, fields=fields))
    frame = pl.concat(frames) if frames else pl.DataFrame()
    if frame.is_empty():
        raise CorrelationFault(f"the {side} side has no rows: its list is empty")
    for column, term in [*_columns("k", keys), *_columns("f", fields)]:
        name = term.field
        if name not in names and frame[column].null_count() == len(frame):
            raise CorrelationFault(f"no row of the {side} side has the field {name!r}; there are: {listed(names)}")
    return frame


def _note(names: dict[str, None], rows: Sequence[Row]) -> None:
    for row in rows:
        if not names.keys() >= row.keys():
            names.update(dict.fromkeys(row))


def _columns(letter: str, terms: Sequence[Term]) -> list[tuple[str, Term]]:
    return [(f"{letter}{n}", term) for n, term in enumerate(terms)]
