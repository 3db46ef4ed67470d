from __future__ import annotations

from datetime import date

import pytest

from agents.periods import of_days
from agents.usage import Usage, UsageRow
from settings_ui.usage_shown import MOST_ROWS, chart_data, share, shown_row, table_of


@pytest.mark.parametrize(
    ("milliseconds", "shown"),
    [
        (1, "0.0 s"),
        (1_540, "1.5 s"),
        (9_949, "9.9 s"),
        (12_400, "12 s"),
        (59_900, "1 min 0 s"),
        (182_000, "3 min 2 s"),
        (3_600_000, "1 h 0 min"),
        (3_840_000, "1 h 4 min"),
    ],
)
def test_a_wait_is_shown_as_a_time(milliseconds: int, shown: str) -> None:
    assert shown_row("", Usage(waits=1, waited_ms=milliseconds)).waited == shown


def test_without_a_wait_there_is_no_time() -> None:
    assert shown_row("", Usage()).waited == ""


def test_numbers_have_separators_and_a_met_limit_is_marked() -> None:
    row = shown_row("x", Usage(calls=1_234, input_tokens=1_234_567, rate_limited=1))
    assert (row.calls, row.input_tokens, row.rate_limited, row.met_limits) == ("1,234", "1,234,567", "1", True)
    assert not shown_row("x", Usage()).met_limits


def test_the_chart_has_a_point_for_every_day_oldest_first() -> None:
    rows = [
        UsageRow(key="2026-11-22", name="", input_tokens=5, cache_read_tokens=2, output_tokens=1),
        UsageRow(key="2026-11-20", name="", input_tokens=7),
    ]
    data = chart_data(rows, period=of_days(date(2026, 11, 19), date(2026, 11, 22)))
    assert data == {
        "day": [1_795_046_400, 1_795_132_800, 1_795_219_200, 1_795_305_600],
        "input": [0, 7, 0, 5],
        "cached": [0, 0, 0, 2],
        "output": [0, 0, 0, 1],
    }


@pytest.mark.parametrize(("part", "whole", "shown"), [(0, 0, ""), (0, 10, "0 %"), (1, 3, "33 %"), (3, 3, "100 %")])
def test_a_share_is_in_percent(part: int, whole: int, shown: str) -> None:
    assert share(part, whole) == shown


def test_a_very_long_table_is_cut_and_says_so() -> None:
    rows = [UsageRow(key=str(n), name=str(n)) for n in range(MOST_ROWS + 3)]
    table = table_of("user", rows)
    assert (len(table.rows), table.rows[-1].name, table.more) == (MOST_ROWS, str(MOST_ROWS - 1), 3)
    assert table_of("user", rows[:MOST_ROWS]).more == 0
