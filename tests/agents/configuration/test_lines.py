from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.configuration.lines import line_of
from agents.configuration.toml_text import toml_key, toml_value

TEXT = '''\
# [[provider]] in a comment
title = "first"

[[provider]]
slug = "a" # kind = "x"
text = """
[[provider]]
slug = "not me"
"""
list = [
  1, # one

  2,
]
inline = { x = 1, "quoted key" = { y = 2 } }
dotted.deep.key = 3

[provider.oauth2]

scope = "s"
[[provider.pool]]
name = 'a'
[[provider.pool]]
name = """b"""

# the second
[[provider]]
slug = "b"
[provider.headers]
"x-team" = "payments"
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), 2),
        (("provider",), 4),
        (("provider", 0), 4),
        (("provider", 0, "slug"), 5),
        (("provider", 0, "text"), 6),
        (("provider", 0, "list"), 10),
        (("provider", 0, "list", 1), 10),
        (("provider", 0, "inline", "quoted key", "y"), 15),
        (("provider", 0, "dotted", "deep", "key"), 16),
        (("provider", 0, "oauth2"), 18),
        (("provider", 0, "oauth2", "scope"), 20),
        (("provider", 0, "pool", 0), 21),
        (("provider", 0, "pool", 0, "name"), 22),
        (("provider", 0, "pool", 1), 23),
        (("provider", 0, "pool", 1, "name"), 24),
        (("provider", 1), 27),
        (("provider", 1, "slug"), 28),
        (("provider", 1, "headers", "x-team"), 30),
    ],
)
def test_where_a_value_stands(path: tuple[str | int, ...], line: int) -> None:
    assert line_of(TEXT, path) == line


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("provider", 0, "kind"), 4),
        (("provider", 1, "kind"), 27),
        (("provider", 0, "pool", 1, "limit"), 23),
        (("provider", 0, "oauth2", "token_url"), 18),
        (("provider", 0, "slug", "deeper"), 5),
        (("nothing", 3, "of this"), 1),
        ((), 1),
    ],
)
def test_what_is_missing_stands_at_its_nearest_table(path: tuple[str | int, ...], line: int) -> None:
    assert line_of(TEXT, path) == line


def test_the_last_line_needs_no_line_break() -> None:
    assert line_of("a = 1\nb = 2", ("b",)) == 2


@st.composite
def _texts(draw: st.DrawFn) -> tuple[str, list[tuple[tuple[str | int, ...], int]]]:
    """A text, and for each of its keys where it stands."""
    lines: list[str] = []
    places: list[tuple[tuple[str | int, ...], int]] = []
    for number in range(draw(st.integers(1, 6))):
        lines += draw(st.lists(st.sampled_from(["", "# comment", '# a = "x']), max_size=3))
        lines.append("[[block]]")
        places.append((("block", number), len(lines)))
        for key in draw(st.lists(st.text(max_size=4), unique=True, max_size=5)):
            lines += draw(st.lists(st.sampled_from(["", "   ", "#"]), max_size=2))
            places.append((("block", number, key), len(lines) + 1))
            value = draw(st.one_of(st.text(max_size=9).map(toml_value), st.just('"""\n\n[[block]]\n"""')))
            lines += f"{toml_key(key)} = {value}".split("\n")
    return "\n".join(lines), places


@settings(max_examples=40, deadline=None)
@given(_texts())
def test_any_key_of_any_text_is_found(example: tuple[str, list[tuple[tuple[str | int, ...], int]]]) -> None:
    text, places = example
    tree: dict[str, Any] = tomllib.loads(text)
    assert tree
    assert [line_of(text, path) for path, _ in places] == [line for _, line in places]
