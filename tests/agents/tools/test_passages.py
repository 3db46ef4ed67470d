from __future__ import annotations

import pytest

from agents.tools.passages import MOST_WORDS, PASSAGE_CHARACTERS, find_passages, passage, split_words

FILLER = "nothing to see here " * 100


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("The Port is 8443!", ("the", "port", "is", "8443")),
        ("  port PORT Port ", ("port",)),
        ("orders-db.example.com:5432", ("orders-db.example.com:5432",)),
        ("Größe 東京", ("grösse", "東京")),
        ("", ()),
        ("?! …", ()),
    ],
)
def test_words_are_folded_and_each_is_there_once(query: str, words: tuple[str, ...]) -> None:
    assert split_words(query) == words


def test_a_query_has_only_so_many_words() -> None:
    assert len(split_words(" ".join(f"w{n}" for n in range(1_000)))) == MOST_WORDS


def test_many_words_go_before_few_and_rare_before_common_and_late_before_early() -> None:
    texts = ["the port", "the weather", "the port is 8443", "the end", "unrelated", "The Port"]
    assert [hit.index for hit in find_passages(texts, ["the", "port"])] == [5, 2, 0, 3, 1]
    assert next(hit.index for hit in find_passages(texts, ["the", "8443"])) == 2
    assert find_passages(texts, ["nowhere"]) == []
    assert find_passages([], ["port"]) == []


def test_a_passage_is_where_most_words_stand() -> None:
    text = f"port {FILLER} the port is 8443 {FILLER} port"
    found = passage(text, words=["port", "8443"])
    assert "the port is 8443" in found
    assert found.startswith("…")
    assert found.endswith("…")
    assert len(found) <= PASSAGE_CHARACTERS + 2


def test_the_first_and_last_words_of_a_text_are_found() -> None:
    assert passage(f"8443 {FILLER}", words=["8443"]).startswith("8443")
    assert passage(f"{FILLER} 8443", words=["8443"]).endswith("8443")


def test_a_short_text_is_its_own_passage_in_one_line() -> None:
    assert passage("a\n  port\tb", words=["port"]) == "a port b"


def test_folding_that_changes_lengths_still_finds_a_place() -> None:
    assert "8443" in passage("ß" * 200 + FILLER + "8443", words=["8443"])
