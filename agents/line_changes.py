"""Two texts, line by line: what stayed, what went, what came."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

Kind = Literal["same", "gone", "new"]


@dataclass(frozen=True, kw_only=True)
class Line:
    kind: Kind
    text: str


def line_changes(before: str, after: str) -> list[Line]:
    """All lines of both, in order."""
    old, new = before.splitlines(), after.splitlines()
    return [
        Line(kind=kind, text=text)
        for what, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
        for kind, text in _of(what == "equal", old[i1:i2], new[j1:j2])
    ]


def _of(is_same: bool, old: list[str], new: list[str], /) -> Iterator[tuple[Kind, str]]:
    if is_same:
        yield from (("same", text) for text in old)
    else:
        yield from (("gone", text) for text in old)
        yield from (("new", text) for text in new)
