from __future__ import annotations

import pytest

from agents.sandbox.sealing import Seal, digest, read_seal, write_seal

SEAL = Seal(model="claude-opus-5-5", tokens=12, thought=digest("Hm."), prefix=digest("before"))


def test_a_seal_is_read_as_it_was_written() -> None:
    assert read_seal(write_seal(SEAL)) == SEAL


@pytest.mark.parametrize("text", ["", "s", "sbx_", "sbx_!!", "sbx_é", "EqoBCkYIBRgCKkA", "sbx_" + "A" * 40])
def test_what_the_sandbox_did_not_write_is_no_seal(text: str) -> None:
    assert read_seal(text) is None


def test_a_seal_that_was_changed_anywhere_is_none() -> None:
    text = write_seal(SEAL)
    for place in range(4, len(text) - 2):
        other = "A" if text[place] != "A" else "B"
        assert read_seal(text[:place] + other + text[place + 1 :]) is None


def test_a_digest_takes_any_text() -> None:
    assert digest("\ud800") != digest("")
