from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from agents.periods import Period, last_days, of_days, read_end, read_start


def moment(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


def test_days_are_whole() -> None:
    period = of_days(date(2026, 11, 21), date(2026, 11, 22))
    assert (period.start, period.end) == (moment(2026, 11, 21), moment(2026, 11, 23))
    assert (period.first_day, period.last_day) == (date(2026, 11, 21), date(2026, 11, 22))


def test_the_last_days_end_with_today() -> None:
    assert last_days(1, now=moment(2026, 11, 22, 23, 59)) == of_days(date(2026, 11, 22), date(2026, 11, 22))
    assert last_days(7, now=moment(2026, 11, 22)) == of_days(date(2026, 11, 16), date(2026, 11, 22))
    eastern = datetime.fromisoformat("2026-11-22T03:00:00+09:00")
    assert last_days(1, now=eastern).last_day == date(2026, 11, 21)


@pytest.mark.parametrize("end", [moment(2026, 11, 22), moment(2026, 11, 21, 23)])
def test_a_period_begins_before_it_ends(end: datetime) -> None:
    with pytest.raises(ValueError, match="must begin before it ends"):
        Period(start=moment(2026, 11, 22), end=end)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026-11-22", moment(2026, 11, 22), moment(2026, 11, 23)),
        ("2026-11-22T10:30:00Z", moment(2026, 11, 22, 10, 30), moment(2026, 11, 22, 10, 30)),
        ("2026-11-22t10:30:00.5z", moment(2026, 11, 22, 10, 30, 0, 500_000), moment(2026, 11, 22, 10, 30, 0, 500_000)),
        ("2026-11-22T00:30:00+01:00", moment(2026, 11, 21, 23, 30), moment(2026, 11, 21, 23, 30)),
        ("1970-01-01", moment(1970, 1, 1), moment(1970, 1, 2)),
        ("9998-12-31", moment(9998, 12, 31), moment(9999, 1, 1)),
    ],
)
def test_days_and_moments_are_read(text: str, start: datetime, end: datetime) -> None:
    assert (read_start(text), read_end(text)) == (start, end)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-02-30",
        "2026-11-22T25:00:00Z",
        "2026-11-22T10:00:00",
        "2026-11-22 10:00:00Z",
        "20261122",
        "1764000000",
        "٢٠٢٦-11-22",
        "1969-12-31",
        "9999-12-31",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "2026-11-22T10:00:00+99:00",
    ],
)
def test_all_else_is_refused(text: str) -> None:
    for read in (read_start, read_end):
        with pytest.raises(ValueError, match=r"calendar|must"):
            read(text)
