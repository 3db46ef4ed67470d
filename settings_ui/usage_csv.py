"""The sums of usage as CSV, for spreadsheets. A cell that a spreadsheet would take for a formula is made a text."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import fields

from agents.usage import Grouping, Usage, UsageRow

_NUMBERS = [field.name for field in fields(Usage)]
# What a formula begins with (OWASP "CSV Injection"), also in the wide forms that some spreadsheets accept.
_FORMULA_STARTS = tuple("=+-@\t\r\n\0＝＋－＠")


def usage_csv(group_by: Grouping, rows: Iterable[UsageRow]) -> str:
    """A heading, then a line for each row: what it is called, its key and its sums (milliseconds, tokens)."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([group_by, "key", *_NUMBERS])
    for row in rows:
        writer.writerow([as_text(row.name), as_text(row.key or ""), *(getattr(row, name) for name in _NUMBERS)])
    return text.getvalue()


def as_text(cell: str) -> str:
    """`cell` so that no spreadsheet computes it: an apostrophe before what looks like a formula."""
    return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA_STARTS) else cell
