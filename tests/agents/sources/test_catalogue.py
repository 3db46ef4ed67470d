from __future__ import annotations

from agents.sources.catalogue import MOST_CHARACTERS, NONE, told


def test_it_is_the_same_in_whatever_order_the_sources_come() -> None:
    sources = [("b", "Beta", "GET /b  lists\n\n GET /b/*"), ("a", "Alpha", "")]
    assert told(sources) == told(sources[::-1]) == "Sources:\na (Alpha)\nb (Beta)\n  GET /b lists\n  GET /b/*"


def test_without_sources_it_says_who_can_define_one() -> None:
    assert told([]) == NONE


def test_it_stays_short_and_names_every_source() -> None:
    text = told([(f"source-{n:02}", "Name", "GET /orders lists orders\n" * 20) for n in range(30)])
    assert all(f"source-{n:02}" in text for n in range(30))
    assert len(text) < MOST_CHARACTERS + 30 * 20
