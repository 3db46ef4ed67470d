"""On which line of a TOML text a value stands. The parser does not say, but it can be asked.

Statements only add to what was said before them, so the shortest beginning of the text that parses and holds the value
ends with the statement that says it. This leaves the whole grammar to the parser: multi-line strings, inline tables,
dotted and quoted keys.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from typing import Any

from agents.configuration.refusal import Path


def line_of(text: str, path: Path) -> int:
    """The line, from 1, of the statement that first says `path`; of its nearest table where `path` is missing.

    `text` is valid TOML. Takes about 2 log2(lines) parses.
    """
    lines = text.split("\n")
    whole = tomllib.loads(text)
    while path and not _holds(whole, path):
        path = path[:-1]
    if not path:
        return 1
    return _beginning(lines, end=_end(lines, path))


def _end(lines: Sequence[str], path: Path) -> int:
    """The number of lines in the shortest beginning that parses and holds `path`."""
    without, best, upper = 0, len(lines), len(lines)
    while upper - without > 1:
        middle = (without + upper) // 2
        end = next((number for number in range(middle, upper) if _parsed(lines[:number]) is not None), None)
        if end is None:
            upper = middle
        elif _holds(_parsed(lines[:end]), path):
            best = upper = end
        else:
            without = end
    return best


def _beginning(lines: Sequence[str], *, end: int) -> int:
    """The first line of the statement whose last line is `end`."""
    start = next(number for number in range(end - 1, -1, -1) if _parsed(lines[:number]) is not None)
    while start < end - 1 and _says_nothing(lines[start]):
        start += 1
    return start + 1


def _says_nothing(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _parsed(lines: Sequence[str]) -> dict[str, Any] | None:
    try:
        return tomllib.loads("\n".join(lines))
    except tomllib.TOMLDecodeError:
        return None


def _holds(tree: Any, path: Path) -> bool:
    for step in path:
        match tree, step:
            case dict(), str() if step in tree:
                tree = tree[step]
            case list(), int() if step < len(tree):
                tree = tree[step]
            case _:
                return False
    return True
