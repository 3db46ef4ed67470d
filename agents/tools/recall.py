"""`recall`: reads again what the token limiter left out. No fact of a conversation is lost by a cut.

The tool knows no rows: whoever runs a turn binds it to a `Reader` of that turn's own conversation. What it says is
bounded, so that it is never shortened itself.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Protocol

from pydantic import Field

from agents.llm.errors import ToolFailed
from agents.llm.messages import Role
from agents.llm.tools import ToolSet, tool
from agents.tools.passages import find_passages, split_words
from agents.tools.slices import Part, cut_to_fit, read_part, show_found, show_slice

PASSAGES_SHOWN = 8


@dataclass(frozen=True, kw_only=True)
class Source:
    """A text that can be read, and what it is."""

    title: str
    text: str


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A message that the model was not sent whole. `number` is its place in the conversation, from 1."""

    number: int
    role: Role
    text: str


@dataclass(frozen=True, kw_only=True)
class LeftOutPage:
    """Some of the messages that were left out, newest first, of `total`; `skipped` newer ones are not among them."""

    messages: Sequence[LeftOut]
    skipped: int
    total: int


def _without_defaults(schema: Mapping[str, Any]) -> dict[str, Any]:
    properties = {
        name: {key: value for key, value in one.items() if key != "default"}
        for name, one in schema["properties"].items()
    }
    return {"type": "object", "properties": properties}


class Reader(Protocol):
    """Reads one conversation of one owner, and nothing else."""

    async def result(self, handle: str) -> Source | None: ...

    async def message(self, number: int) -> Source | None: ...

    async def left_out(self, *, skip: int) -> LeftOutPage:
        """The newest messages that were left out but for `skip` of them, as many as may be searched at once."""


@dataclass(frozen=True, kw_only=True)
class _Asked:
    source: str
    words: str
    part: Part


@tool
async def recall(
    source: Annotated[str, Field(description="result handle or message number")] = "",
    words: Annotated[str, Field(description="to search for")] = "",
    part: Annotated[str, Field(description="rows[3].name, lines 9-60 or characters 0-900")] = "",
) -> _Asked:
    """Reads what was left out of this conversation."""
    return _Asked(source=source.strip(), words=words, part=read_part(part))


recall = replace(recall, spec=replace(recall.spec, parameters=_without_defaults(recall.spec.parameters)))
"""Every agent carries it in every call: its schema says no more than it must."""


Fits = Callable[[str], bool]


def bound(tools: ToolSet, *, reader: Reader, fits: Fits) -> ToolSet:
    """`tools` with a `recall` that reads through `reader`; the same set where there is none in it.

    `fits` says whether a text is small enough not to be shortened itself.
    """
    if tools.get(recall.spec.name) is None:
        return tools
    own = replace(recall, run=_answering(reader, fits))
    return ToolSet(own if each.spec.name == recall.spec.name else each for each in tools)


def _answering(reader: Reader, fits: Fits) -> Callable[[Mapping[str, Any]], Awaitable[object]]:
    async def run(arguments: Mapping[str, Any]) -> str:
        asked = await recall.run(arguments)
        assert isinstance(asked, _Asked), "that is what the arguments are checked into"
        if asked.source:
            source = await _find(asked.source, reader)
            return await asyncio.to_thread(_fitted, lambda: _show(asked, source, fits), fits)
        page = await reader.left_out(skip=asked.part.start)
        return await asyncio.to_thread(_fitted, lambda: _search(page, asked.words, fits), fits)

    return run


def _fitted(answer: Callable[[], str], fits: Fits) -> str:
    """Searches and counts, maybe a lot: for a thread."""
    text = answer()
    return text if fits(text) else cut_to_fit(text, fits)


def _show(asked: _Asked, source: Source, fits: Fits) -> str:
    if words := split_words(asked.words):
        return show_found(source.title, source.text, words=words, part=asked.part, fits=fits)
    return show_slice(source.title, source.text, part=asked.part, fits=fits)


async def _find(name: str, reader: Reader) -> Source:
    if number := re.fullmatch(r"#?(\d{1,9})", name):
        source = await reader.message(int(number[1]))
        missing = f"this conversation has no message {number[1]}; the first is 1"
    else:
        source = await reader.result(name)
        missing = (
            f"this conversation has no result with the handle {name!r}. A handle, such as 12345678901-1, stands where "
            "something of a result was left out; search with words to find others"
        )
    if source is None:
        raise ToolFailed(missing)
    return source


def _search(page: LeftOutPage, query: str, fits: Fits) -> str:
    if page.total == 0:
        return "Nothing was left out: you were sent every message of this conversation whole."
    words = split_words(query)
    older = page.total - page.skipped - len(page.messages)
    rest = f" {older:,} older ones were not searched: the same with part=messages {page.skipped + len(page.messages)}-."
    if not words:
        head = f"{page.total:,} messages were not sent to you whole. Search them with words, or read one by its number."
        return _fitting(head, [_line(one, _beginning(one.text)) for one in page.messages], fits)
    found = find_passages([one.text for one in page.messages][::-1], words)
    oldest_first = page.messages[::-1]
    head = (
        f"{len(found):,} of {len(page.messages):,} messages that you were not sent whole have any of these words."
        f"{rest if older > 0 else ''}"
    )
    return _fitting(head, [_line(oldest_first[hit.index], hit.text) for hit in found], fits)


def _fitting(head: str, lines: Sequence[str], fits: Fits) -> str:
    """As many of the first lines as fit, and how many that are."""
    for shown in range(min(len(lines), PASSAGES_SHOWN), 0, -1):
        which = "" if shown == len(lines) else f" The best {shown}:"
        if fits(text := "\n".join([head + which, *lines[:shown]])):
            return text
    return head


def _line(message: LeftOut, text: str) -> str:
    return f"#{message.number} {message.role}: {text}"


def _beginning(text: str) -> str:
    line = " ".join(text[:400].split())
    return line if len(line) <= 100 else f"{line[:100]}…"
