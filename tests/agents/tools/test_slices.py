from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.llm.errors import ToolFailed
from agents.tools.slices import MOST, Part, cut_to_fit, read_part, show_found, show_slice

LOG = "\n".join(f"line {n}" for n in range(1_000))
ROWS = json.dumps({"rows": [{"id": n, "name": f"row {n}"} for n in range(500)], "total": 500})


def within(characters: int) -> object:
    return lambda text: len(text) <= characters


def read(text: str, part: str = "", *, room: int = 1_000) -> str:
    shown = show_slice("the log", text, part=read_part(part), fits=lambda text: len(text) <= room)
    assert len(shown) <= room
    return shown


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", Part()),
        ("rows[3].name", Part(path="rows[3].name")),
        ("lines 9-60", Part(start=9, count=52)),
        ("line 9", Part(start=9, count=1)),
        ("lines 9-", Part(start=9, count=MOST)),
        ("characters 100 - 199", Part(start=100, count=100, unit="characters")),
        ("messages 3000-", Part(start=3_000, count=MOST)),
        (" rows lines 0-9", Part(path="rows", start=0, count=10)),
        ("characters 0-999999999", Part(unit="characters", count=MOST * 100)),
    ],
)
def test_a_part_is_a_range_or_a_path_or_both(text: str, part: Part) -> None:
    assert read_part(text) == part


def test_a_range_that_ends_before_it_starts() -> None:
    with pytest.raises(ToolFailed, match="ends before"):
        read_part("lines 9-3")


def test_lines_are_counted_and_it_is_said_where_to_go_on() -> None:
    assert read(LOG, "lines 10-12") == (
        "the log: 3 of 1,000 lines, from 10 on. Go on with lines 13-.\nline 10\nline 11\nline 12"
    )


def test_the_last_lines_have_nothing_after_them() -> None:
    assert read(LOG, "lines 998-2000") == "the log: 2 of 1,000 lines, from 998 on.\nline 998\nline 999"


def test_as_many_as_fit_are_shown() -> None:
    shown = read(LOG, room=300)
    head, *lines = shown.splitlines()
    assert lines == LOG.splitlines()[: len(lines)]
    assert f"{len(lines)} of 1,000 lines" in head
    assert f"Go on with lines {len(lines)}-" in head
    assert len(shown) > 280


@given(st.integers(120, 2_000))
def test_reading_on_reads_everything_once(room: int) -> None:
    start, seen = 0, []
    while start < 1_000:
        head, *lines = read(LOG, f"lines {start}-", room=room).splitlines()
        assert lines
        seen += lines
        start += len(lines)
        assert ("Go on" in head) == (start < 1_000)
    assert seen == LOG.splitlines()


def test_json_in_one_line_is_read_by_fields_and_items() -> None:
    assert read(ROWS, "total").endswith("\n500")
    assert read(ROWS, "rows[499].name").endswith("\nrow 499")
    assert read(ROWS, "rows lines 7-8").endswith('[7] {"id":7,"name":"row 7"}\n[8] {"id":8,"name":"row 8"}')


def test_a_line_that_is_too_long_says_how_to_read_on() -> None:
    shown = read(ROWS, room=400)
    assert "line 0 alone has" in shown
    assert "characters" in shown
    assert 'rows: [{"id":0' in shown


def test_characters_of_the_text_itself() -> None:
    assert read(ROWS, "characters 1-6").endswith('\n"rows"')
    assert "Go on with characters 7-" in read(ROWS, "characters 1-6")


@pytest.mark.parametrize(
    ("text", "part", "told"),
    [
        (LOG, "lines 1000-", "1,000 lines, so there is none at 1,000"),
        (LOG, "rows[0]", "no JSON"),
        (ROWS, "rows[500]", "500 items"),
        ("", "characters 5-", "0 characters"),
    ],
)
def test_what_is_not_there_is_an_error_that_says_what_is(text: str, part: str, told: str) -> None:
    with pytest.raises(ToolFailed) as refused:
        read(text, part)
    assert told in refused.value.message


def test_an_empty_text_is_shown_as_empty() -> None:
    assert read("") == "the log: 0 of 0 lines, from 0 on.\n"


def find(text: str, *words: str, part: str = "", room: int = 1_000) -> str:
    shown = show_found("the log", text, words=words, part=read_part(part), fits=lambda text: len(text) <= room)
    assert len(shown) <= room
    return shown


def test_lines_with_words_are_numbered_as_they_are_read() -> None:
    assert find(LOG, "line", "line 77").startswith("the log: 1,000 of 1,000 lines have any of these words; the best ")
    assert find(LOG, "line 777") == "the log: 1 of 1,000 lines have any of these words:\n777: line 777"
    assert find(ROWS, "row 499", part="rows").endswith('\n499: [499] {"id":499,"name":"row 499"}')
    assert find(LOG, "nowhere") == "the log: 0 of 1,000 lines have any of these words."


def test_lines_with_more_of_the_words_go_first() -> None:
    text = "alpha\nbeta\nalpha beta"
    assert find(text, "alpha", "beta").splitlines()[1:] == ["2: alpha beta", "0: alpha", "1: beta"]


def test_a_text_is_cut_where_it_must_be() -> None:
    assert cut_to_fit("x" * 100, lambda text: len(text) <= 20) == "x" * 14 + " [cut]"
    assert cut_to_fit("x" * 100, lambda text: False) == " [cut]"
