from __future__ import annotations

import pytest

from agents.sandbox.script.words import Post, Words, read_words

READ = [
    ("long 300", Words(long=300)),
    ("Long 300 tokens, slow", Words(long=300, slow=True)),
    ("slow", Words(slow=True)),
    ("slow long 300", Words(slow=True, long=300)),
    ("please slow, and then long 20", Words(slow=True, long=20)),
    ("think 200 echo hi", Words(think=200, echo="hi")),
    ("slow think 9 loop 2", Words(slow=True, think=9, loop=2)),
    ("loop 3 times", Words(loop=3)),
    ("loop 2 parallel 4", Words(loop=2, parallel=4)),
    ("call recall", Words(call="recall")),
    ('slow call ref__get-sum {"a": 2, "b": 3}', Words(slow=True, call="ref__get-sum", arguments='{"a": 2, "b": 3}')),
    ("fault eof", Words(fault="eof")),
    ("fault eof 2 long 9", Words(fault="eof", fault_times=2, long=9)),
    ("FAULT Error_529", Words(fault="error_529")),
    ("recall zebra?", Words(recall="zebra")),
    ('recall "blue whale"', Words(recall="blue whale")),
    ("recall zebra-7431 long 5", Words(recall="zebra-7431", long=5)),
    ("echo long 300\nloop 2", Words(echo="long 300\nloop 2")),
    ("slow echo hi", Words(slow=True, echo="hi")),
    (
        'post shop /orders/7 {"note": "a {b}"}',
        Words(post=Post(source="shop", path="/orders/7", body='{"note": "a {b}"}')),
    ),
    ("loop 2 post a-b /x {}", Words(loop=2, post=Post(source="a-b", path="/x", body="{}"))),
    ("help", Words(help=True)),
    ("Help!", Words(help=True)),
    ("Here is my log:\n  at line 3\nlong 50", Words(long=50)),
    ("long 50\nand here is the rest", Words(long=50)),
    ("parallel 0", Words()),
]
NOT_READ = [
    "",
    "   \n ",
    "How long 300 metres are?",
    "long",
    "long way to go",
    "slow queries: which are they?",
    "help me with my monitors",
    "loop back to me",
    "call me when you know",
    "think 5x about it",
    "think about it",
    "The echo of it\nwas heard\nfar away",
    "first line\nlong 300\nlast line",
    "recall",
    "post it to the shop",
    "post shop orders {}",
    "fault",
]


@pytest.mark.parametrize(("text", "words"), READ)
def test_words_that_are_read(text: str, words: Words) -> None:
    assert read_words(text) == words


@pytest.mark.parametrize("text", NOT_READ)
def test_ordinary_text_asks_for_nothing(text: str) -> None:
    assert read_words(text) == Words()


WITH_ROUNDS = ("parallel 4", "loop 3 parallel 4", "loop 3", "post a /b {}", "loop 2 post a /b {}", "hello")


def test_parallel_alone_is_one_round() -> None:
    assert [read_words(text).rounds for text in WITH_ROUNDS] == [1, 3, 3, 1, 2, 0]


def test_a_huge_message_is_read_in_linear_time() -> None:
    """A pattern that backtracks would not come back from this."""
    assert read_words("slow " + "please and then , ; " * 20_000) == Words(slow=True)
    assert read_words("help" + " " * 400_000 + "x") == Words()
    assert read_words("a" * 400_000 + "\n" + "slow " * 50_000) == Words(slow=True)
