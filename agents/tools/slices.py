"""A part of a long text, with honest counts, small enough for whoever asked."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from agents.llm.errors import ToolFailed
from agents.llm.tool_results import largest
from agents.tools.json_path import as_lines, read_json, value_at
from agents.tools.passages import passage

Fits = Callable[[str], bool]

MOST = 10_000
"""Lines that are read at once, at most."""

FOUND_SHOWN = 50

_RANGE = re.compile(r"(?P<unit>lines?|characters?|messages?)\s+(?P<start>\d{1,9})(?P<dash>\s*-\s*)?(?P<end>\d{1,9})?")

Unit = Literal["lines", "characters"]


@dataclass(frozen=True, kw_only=True)
class Part:
    """At most `count` lines or characters from `start` on (the first is 0) of what `path` leads to ("": all of it)."""

    path: str = ""
    start: int = 0
    count: int = MOST
    unit: Unit = "lines"


def read_part(text: str) -> Part:
    """`lines 9-60`, `characters 0-900` (the last one included), `lines 9-`, or a JSON path, or both: `rows lines 0-9`.
    ToolFailed for a range that ends before it starts."""
    found = _RANGE.search(text)
    if found is None:
        return Part(path=text.strip())
    start = int(found["start"])
    end = int(found["end"] or (start + MOST if found["dash"] else start))
    if end < start:
        raise ToolFailed(f"{found[0]!r} ends before it starts")
    unit: Unit = "characters" if found["unit"].startswith("c") else "lines"
    most = MOST * 100 if unit == "characters" else MOST
    return Part(path=text[: found.start()].strip(), start=start, count=min(end - start + 1, most), unit=unit)


def show_slice(title: str, text: str, *, part: Part, fits: Fits) -> str:
    """That part of `text`, or as much of it as fits; it says where to go on. ToolFailed where there is none."""
    title = f"{title}, {part.path}" if part.path else title
    if part.unit == "characters":
        return _show(title, "\n".join(_lines(text, part.path)) if part.path else text, part=part, fits=fits)
    return _show(title, _lines(text, part.path), part=part, fits=fits)


def show_found(title: str, text: str, *, words: Sequence[str], part: Part, fits: Fits) -> str:
    """The lines that have any of `words`, numbered as `show_slice` counts them; those with most of them first."""
    lines = _lines(text, part.path)
    hits = [(sum(word in line.casefold() for word in words), number) for number, line in enumerate(lines)]
    best = sorted((-count, number) for count, number in hits if count)
    shown = [f"{number}: {passage(lines[number], words=words)}" for _, number in best[:FOUND_SHOWN]]
    head = f"{title}: {len(best):,} of {len(lines):,} lines have any of these words"
    if not shown:
        return f"{head}."

    def page(count: int) -> str:
        return "\n".join([f"{head}{'' if count == len(best) else f'; the best {count:,}'}:", *shown[:count]])

    return page(max(0, largest(lambda count: fits(page(count)), limit=len(shown))))


def cut_to_fit(text: str, fits: Fits) -> str:
    """The beginning of `text`, whatever it takes."""
    mark = " [cut]"
    return text[: max(0, largest(lambda keep: fits(text[:keep] + mark), limit=len(text)))] + mark


def _lines(text: str, path: str) -> list[str]:
    """JSON has a line for each item or field: stored results are mostly JSON in one single line."""
    value = read_json(text)
    if value is None:
        if path:
            raise ToolFailed(
                "this is no JSON, so it has no paths. Read it by offset and limit, or search it with words"
            )
        return text.splitlines()
    return as_lines(value_at(value, path))


def _show(title: str, whole: str | list[str], *, part: Part, fits: Fits) -> str:
    total = len(whole)
    if part.start >= max(total, 1):
        raise ToolFailed(f"{title} has {total:,} {part.unit}, so there is none at {part.start:,}")

    def page(count: int) -> str:
        end = part.start + count
        more = f" Go on with {part.unit} {end}-." if end < total else ""
        shown = whole[part.start : end]
        body = shown if isinstance(shown, str) else "\n".join(shown)
        return f"{title}: {count:,} of {total:,} {part.unit}, from {part.start:,} on.{more}\n{body}"

    most = min(part.count, total - part.start)
    count = largest(lambda count: fits(page(count)), limit=most)
    if count == 0 < most and not isinstance(whole, str):
        return _long_line(title, whole[part.start], number=part.start, fits=fits)
    return page(max(count, 0))


def _long_line(title: str, line: str, *, number: int, fits: Fits) -> str:
    head = f"{title}: line {number:,} alone has {len(line):,} characters; read on by path, words or characters."

    def page(count: int) -> str:
        return f"{head}\n{line[:count]}…"

    return page(max(0, largest(lambda count: fits(page(count)), limit=len(line))))
