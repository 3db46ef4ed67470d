"""The sums of usage as people read them: numbers with separators, waits as times, one table for each grouping."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from agents.periods import Period
from agents.usage import Grouping, Usage, UsageRow

TITLES: Mapping[Grouping, str] = {"model": "By model", "agent": "By agent", "user": "By user", "day": "By day"}
MOST_ROWS = 366
HEADS: Mapping[Grouping, str] = {"model": "Model", "agent": "Agent", "user": "User", "day": "Day (UTC)"}


@dataclass(frozen=True, kw_only=True)
class ShownRow:
    name: str
    calls: str
    input_tokens: str
    cached: str
    output_tokens: str
    waits: str
    waited: str
    rate_limited: str
    met_limits: bool


@dataclass(frozen=True, kw_only=True)
class Table:
    group_by: Grouping
    title: str
    head: str
    rows: Sequence[ShownRow]
    more: int


def table_of(group_by: Grouping, rows: Sequence[UsageRow]) -> Table:
    """At most MOST_ROWS of `rows`; `more` says how many it leaves out."""
    shown = [shown_row(row.name, row) for row in rows[:MOST_ROWS]]
    more = len(rows) - len(shown)
    return Table(group_by=group_by, title=TITLES[group_by], head=HEADS[group_by], rows=shown, more=more)


def shown_row(name: str, sums: Usage) -> ShownRow:
    return ShownRow(
        name=name,
        calls=f"{sums.calls:,}",
        input_tokens=f"{sums.input_tokens:,}",
        cached=f"{sums.cache_read_tokens:,}",
        output_tokens=f"{sums.output_tokens:,}",
        waits=f"{sums.waits:,}",
        waited=_duration(sums.waited_ms) if sums.waits else "",
        rate_limited=f"{sums.rate_limited:,}",
        met_limits=sums.rate_limited > 0,
    )


def chart_data(days: Sequence[UsageRow], *, period: Period) -> dict[str, Any]:
    """One point for each day of the period, oldest first; a day without calls is zero. `day` in seconds since 1970."""
    by_day = {row.key: row for row in days}
    points: dict[str, list[int]] = {"day": [], "input": [], "cached": [], "output": []}
    day = period.start
    while day < period.end:
        sums: Usage = by_day.get(day.date().isoformat(), Usage())
        points["day"].append(int(day.timestamp()))
        points["input"].append(sums.input_tokens)
        points["cached"].append(sums.cache_read_tokens)
        points["output"].append(sums.output_tokens)
        day += timedelta(days=1)
    return points


def share(part: int, whole: int) -> str:
    """`part` of `whole` in percent; "" where there is no whole."""
    return f"{100 * part / whole:.0f} %" if whole else ""


def _duration(milliseconds: int) -> str:
    seconds = milliseconds / 1000
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 1:
        return f"{rest} s"
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
