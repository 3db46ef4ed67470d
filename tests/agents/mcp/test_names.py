from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from agents.mcp.names import wire_name

_SLUGS = st.from_regex(re.compile(r"[a-z0-9-]{1,32}"), fullmatch=True)
_NAMES = st.text(min_size=1, max_size=100) | st.sampled_from(["a", "_a", "__a", "a.b", "a/b", "a b", "x" * 64])


def test_a_name_that_every_wire_takes_stays() -> None:
    assert wire_name(server="git", tool="search_issues") == "git__search_issues"


def test_others_are_told_apart() -> None:
    names = [wire_name(server="git", tool=tool) for tool in ("a.b", "a/b", "a_b", "x" * 100, "x" * 101)]
    assert len(set(names)) == 5
    assert names[0].startswith("git__a_b_")


@given(_SLUGS, _NAMES, _SLUGS, _NAMES)
def test_two_tools_never_have_one_name(one: str, tool: str, other: str, another: str) -> None:
    name = wire_name(server=one, tool=tool)
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name)
    assert (name == wire_name(server=other, tool=another)) == ((one, tool) == (other, another))
