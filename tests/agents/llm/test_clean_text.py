from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agents.llm.clean_text import PieceCleaner, clean_text

dirty = st.text(st.characters())
"""Every code point, lone surrogates among them."""


@given(dirty)
def test_cleaned_text_can_be_stored_and_cleaning_twice_is_cleaning_once(text: str) -> None:
    cleaned = clean_text(text)
    cleaned.encode()
    assert "\x00" not in cleaned
    assert clean_text(cleaned) == cleaned


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")))
def test_clean_text_stays_as_it_is(text: str) -> None:
    assert clean_text(text) == text


@given(st.text("a🙂é"), st.data())
def test_pieces_cut_anywhere_between_halves_give_the_whole(text: str, data: st.DataObject) -> None:
    units = text.encode("utf-16-le")
    halves = [units[place : place + 2].decode("utf-16-le", "surrogatepass") for place in range(0, len(units), 2)]
    cleaner = PieceCleaner()
    cleaned = []
    while halves:
        count = data.draw(st.integers(1, len(halves)))
        cleaned.append(cleaner.clean("".join(halves[:count])))
        halves = halves[count:]
    assert "".join(cleaned) == text


def test_a_half_that_nothing_follows_is_left_out_and_a_lone_one_is_marked() -> None:
    cleaner = PieceCleaner()
    assert cleaner.clean("a\ud83c") == "a"
    assert cleaner.clean("b\udf1e") == "\ufffdb\ufffd"
