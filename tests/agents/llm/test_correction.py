from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agents.llm.correction import LEAST, MOST, UNCORRECTED, Correction

corrections = st.builds(Correction, frame=st.integers(LEAST, MOST), messages=st.integers(LEAST, MOST))
tokens = st.integers(0, 10**7)


@given(tokens)
def test_without_a_correction_nothing_changes(count: int) -> None:
    assert UNCORRECTED.of_frame(count) == UNCORRECTED.of_messages(count) == count


@given(corrections, tokens)
def test_it_rounds_up_by_less_than_one(correction: Correction, count: int) -> None:
    assert 0 <= correction.of_messages(count) - count * correction.messages / 1_000 < 1 + 1e-6
    assert 0 <= correction.of_frame(count) - count * correction.frame / 1_000 < 1 + 1e-6


@given(corrections, tokens, tokens)
def test_parts_never_come_to_less_than_their_sum(correction: Correction, one: int, other: int) -> None:
    together = correction.of_messages(one) + correction.of_messages(other)
    assert correction.of_messages(one + other) <= together <= correction.of_messages(one + other) + 1
