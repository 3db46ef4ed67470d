from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.llm.errors import ToolFailed
from agents.tools.time_ranges import EXAMPLES, read_range

NOON = 1_795_348_800.0
"""2026-11-22T12:00:00Z"""


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("last 30 min", "11:30", "12:00"),
        ("Last  30 Minutes", "11:30", "12:00"),
        ("over the past 2 hours", "10:00", "12:00"),
        ("last hour", "11:00", "12:00"),
        ("1.5h", "10:30", "12:00"),
        ("3 h ago to 1 h ago", "09:00", "11:00"),
        ("from 3 hours ago until now", "09:00", "12:00"),
        ("now-45m to now - 15m", "11:15", "11:45"),
        ("since 09:30", "09:30", "12:00"),
        ("between 9:30 and 10:00 UTC", "09:30", "10:00"),
        ("today", "00:00", "12:00"),
        ("around 2026-11-22T09:00Z", "08:45", "09:15"),
        ("5 min around 2026-11-22T09:00Z", "08:55", "09:05"),
        ("30 min before 2026-11-22T10:00+01:00", "08:30", "09:00"),
        ("20 min after 2026-11-22 09:00", "09:00", "09:20"),
        ("2026-11-22T09:00:00Z to 2026-11-22T10:00:00Z", "09:00", "10:00"),
        ("2026-11-22T09:00Z/2026-11-22T10:00Z", "09:00", "10:00"),
        ("10 min around now", "11:50", "12:00"),
    ],
)
def test_words_become_times(text: str, start: str, end: str) -> None:
    day = "2026-11-22T"
    assert read_range(text, now=NOON).told() == {"from": f"{day}{start}:00Z", "to": f"{day}{end}:00Z"}


def test_a_clock_time_that_is_still_to_come_is_yesterdays() -> None:
    assert read_range("since 23:00", now=NOON).told()["from"] == "2026-11-21T23:00:00Z"


@pytest.mark.parametrize(
    "text",
    ["", "whenever", "1 h ago to 3 h ago", "last 0 min", "2027-01-01 to 2027-01-02", "last 99 weeks", "since 25:00"],
)
def test_what_is_no_range_is_told(text: str) -> None:
    with pytest.raises(ToolFailed):
        read_range(text, now=NOON)


@pytest.mark.parametrize("example", EXAMPLES.split(" · "))
def test_the_examples_are_right(example: str) -> None:
    assert read_range(example, now=NOON)


@given(st.text(max_size=40))
def test_any_text_is_a_range_or_refused(text: str) -> None:
    try:
        found = read_range(text, now=NOON)
    except ToolFailed:
        return
    assert found.start < found.end
    assert found.end.timestamp() <= NOON
