"""What logs, spans and events have in common: an entry at a moment, in the form of the wire, and how it is searched."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from agents.sandbox.company.search import Found, read_query
from agents.sandbox.company.story import HISTORY_MINUTES, MINUTE


@dataclass(frozen=True, kw_only=True)
class Entry:
    """`at` is in Unix seconds; `form` is what the wire says of it."""

    at: float
    found: Found
    form: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Period:
    """Of time, in Unix seconds; both ends are in it. `deployed` is when the bad deployment was."""

    start: float
    end: float
    deployed: int

    def minutes(self) -> range:
        """Those that it touches, counted from the bad deployment."""
        first = max(-HISTORY_MINUTES, int((self.start - self.deployed) // MINUTE))
        return range(first, int((self.end - self.deployed) // MINUTE) + 1)


OfMinute = Callable[[int, int], Iterable[Entry]]
"""The entries of a minute, given when the bad deployment was."""


def find(of_minute: OfMinute, *, period: Period, query: str) -> list[Entry]:
    """The entries that fit, oldest first. QueryFault."""
    test = read_query(query)
    return sorted(
        (
            entry
            for entry in _entries(of_minute, period)
            if period.start <= entry.at <= period.end and test(entry.found)
        ),
        key=lambda entry: entry.at,
    )


def _entries(of_minute: OfMinute, period: Period) -> Iterator[Entry]:
    for minute in period.minutes():
        yield from of_minute(minute, period.deployed)


def iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, tz=UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
