"""Periods of time to sum over: whole days in UTC, or from one moment to another."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(9998, 12, 31)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(_DAY.pattern + r"[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2})")


@dataclass(frozen=True, kw_only=True)
class Period:
    """From `start` until just before `end`; both in UTC, `start` before `end` (ValueError)."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start >= self.end:
            raise ValueError("must begin before it ends")

    @property
    def first_day(self) -> date:
        return self.start.date()

    @property
    def last_day(self) -> date:
        return (self.end - timedelta(microseconds=1)).date()


def of_days(first: date, last: date) -> Period:
    """Both days are in it."""
    return Period(start=_midnight(first), end=_midnight(last + timedelta(days=1)))


def last_days(count: int, *, now: datetime) -> Period:
    """`count` days, the last of them today."""
    today = now.astimezone(UTC).date()
    return of_days(today - timedelta(days=count - 1), today)


def read_start(text: str) -> datetime:
    """A day (its first moment) or an RFC 3339 moment. ValueError with what it must be."""
    return _midnight(_day(text)) if _DAY.fullmatch(text) else _moment(text)


def read_end(text: str) -> datetime:
    """A day (until it is over) or an RFC 3339 moment. ValueError with what it must be."""
    return _midnight(_day(text) + timedelta(days=1)) if _DAY.fullmatch(text) else _moment(text)


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError("is no day of the calendar") from None
    return _checked(day)


def _moment(text: str) -> datetime:
    if not _MOMENT.fullmatch(text):
        raise ValueError("must be a day (2026-11-22) or an RFC 3339 moment (2026-11-22T10:00:00Z)")
    try:
        moment = datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (OverflowError, ValueError):
        raise ValueError("is no moment of the calendar") from None
    _checked(moment.date())
    return moment


def _checked(day: date) -> date:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(f"must lie between {FIRST_DAY} and {LAST_DAY}")
    return day


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=UTC)
