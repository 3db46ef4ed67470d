"""`correlate`: compares two lists that tools have found, over all of their rows; the model reads what came of it.

Like `recall`, it knows no rows: whoever runs a turn binds it to a `Reader` of that turn's own conversation.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Annotated, Any, Protocol, TypeVar

import orjson
from pydantic import Field

from agents.correlation.compare import Tolerance, compare
from agents.correlation.fault import CorrelationFault
from agents.correlation.outcome import MOST_LISTED, listing, summary
from agents.correlation.pairing import Pair, read_pairs, read_synonyms
from agents.correlation.rows import Listing, Page
from agents.llm.errors import ToolFailed
from agents.llm.tool_output import OUTPUT_LIMIT
from agents.llm.tools import Summarised, ToolSet, tool
from agents.tools.lean import lean
from agents.tools.recall import Source

TIMEOUT = 60.0
MOST_PAGES = 200
MOST_CHARACTERS = 100_000_000
"""Of one side."""

_PASTED = re.compile(r"paste[ #]?(\d{0,3})", re.IGNORECASE)

_THREADS = ThreadPoolExecutor(2, thread_name_prefix="correlate")
"""Few, and of their own: what is compared at once must fit into memory, and must not keep the database waiting."""


@dataclass(frozen=True, kw_only=True)
class _Asked:
    left: Sequence[str]
    right: Sequence[str]
    left_rows: str
    right_rows: str
    keys: Sequence[Pair]
    fields: Sequence[Pair]
    tolerance: Tolerance


Handles = Annotated[list[str], Field(min_length=1, max_length=MOST_PAGES)]
Rows = Annotated[str, Field(max_length=200)]
Names = Annotated[list[Annotated[str, Field(max_length=400)]], Field(max_length=20)]
Least = Annotated[float, Field(ge=0, allow_inf_nan=False)]


@tool(timeout=TIMEOUT)
async def correlate(
    *,
    left: Annotated[
        Handles,
        Field(description="result handles: all pages of one list; paste1, paste2 for data in the user's message"),
    ],
    right: Handles,
    keys: Annotated[Names, Field(min_length=1, description="that join them: id, or left_id=right.id", max_length=5)],
    fields: Annotated[
        Names, Field(description="to compare, in one unit: total=cents/100; none: all of the same name")
    ] = [],  # noqa: B006 - copied when checked
    left_rows: Annotated[
        Rows, Field(description="path to the list: data, or data.items for the items of all data")
    ] = "",
    right_rows: Rows = "",
    number_tolerance: Least = 0.0,
    percent_tolerance: Least = 0.0,
    seconds_tolerance: Annotated[Least, Field(description="of times")] = 0.0,
    same: Annotated[Names, Field(description="values that mean the same: paid=captured")] = [],  # noqa: B006 - as above
    ignore_case: Annotated[bool, Field(description="and blanks, in texts and keys")] = False,
) -> _Asked:
    """Joins two lists by keys over all rows, and classifies mismatches: value, timing, missing, duplicate."""
    tolerance = Tolerance(
        number=number_tolerance,
        percent=percent_tolerance,
        seconds=seconds_tolerance,
        loose=ignore_case,
        synonyms=_checked(read_synonyms, same),
    )
    return _Asked(
        left=left,
        right=right,
        left_rows=left_rows,
        right_rows=right_rows,
        keys=_checked(read_pairs, keys),
        fields=_checked(read_pairs, fields),
        tolerance=tolerance,
    )


T = TypeVar("T")


def _checked(read: Callable[[Iterable[str]], T], written: Iterable[str], /) -> T:
    try:
        return read(written)
    except CorrelationFault as fault:
        raise ToolFailed(str(fault)) from None


correlate = lean(correlate)


class CorrelateReader(Protocol):
    """Reads one conversation of one owner, and nothing else."""

    async def result(self, handle: str) -> Source | None: ...

    async def pasted(self, number: int) -> Source | None:
        """List `number` (from 1) of those that the user's newest message with data holds."""


def bound(tools: ToolSet, *, reader: CorrelateReader) -> ToolSet:
    """`tools` with a `correlate` that reads through `reader`; the same set where there is none in it."""
    return tools.running(correlate.spec.name, _correlating(reader))


def _correlating(reader: CorrelateReader) -> Callable[[Mapping[str, Any]], Awaitable[object]]:
    async def run(arguments: Mapping[str, Any]) -> Summarised:
        asked = await correlate.run(arguments)
        assert isinstance(asked, _Asked), "that is what the arguments are checked into"
        left = Listing(pages=await _pages(asked.left, reader=reader), path=asked.left_rows)
        right = Listing(pages=await _pages(asked.right, reader=reader), path=asked.right_rows)
        return await asyncio.get_running_loop().run_in_executor(_THREADS, _compared, asked, left, right)

    return run


async def _pages(handles: Sequence[str], *, reader: CorrelateReader) -> list[Page]:
    pages, characters = [], 0
    for handle in dict.fromkeys(written.strip() for written in handles):
        source = await _found(handle, reader=reader)
        characters += len(source.text)
        if characters > MOST_CHARACTERS:
            raise ToolFailed(f"one side has more than {MOST_CHARACTERS:,} characters; compare fewer pages at once")
        pages.append(Page(name=f"result {handle}", text=source.text))
    return pages


async def _found(handle: str, *, reader: CorrelateReader) -> Source:
    if pasted := _PASTED.fullmatch(handle):
        source = await reader.pasted(int(pasted[1] or 1))
        missing = f"there is no {handle}: the user's newest message with data has fewer lists, or there is none"
    else:
        source = await reader.result(handle)
        missing = (
            f"this conversation has no result with the handle {handle!r}. A handle, such as 12345678901-1, stands at "
            "the end of each result that is a list or has more than you were given"
        )
    if source is None:
        raise ToolFailed(missing)
    return source


def _compared(asked: _Asked, left: Listing, right: Listing, /) -> Summarised:
    try:
        compared = compare(left, right, keys=asked.keys, fields=asked.fields, tolerance=asked.tolerance)
    except CorrelationFault as fault:
        raise ToolFailed(str(fault)) from None
    most, whole = MOST_LISTED, listing(compared)
    while len(orjson.dumps(whole)) > OUTPUT_LIMIT:
        most //= 2
        whole = listing(compared, most=most)
    return Summarised(summary=summary(compared) | {"listed_of_each_class": most}, whole=whole)
