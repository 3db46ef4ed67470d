"""Facts in the whole results of an investigation: a figure of one record among many, asked for by the record's name.

They are spread evenly over all records of all results, so they are the same each time.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agents.llm.messages import ToolCall
from agents.llm.tools import run_tool
from bench.golden_turns import Investigation

_SHORTEST = 3
"""Characters of a value: a shorter one is found in any text."""


@dataclass(frozen=True, kw_only=True)
class Fact:
    """In the result `handle`, in the list at `path`, the record that `name` tells from others has this `value`."""

    handle: str
    path: str
    name: str
    value: str

    def stands_in(self, text: str) -> bool:
        return self.name in text and self.value in text


def facts_of(investigation: Investigation, *, count: int) -> list[Fact]:
    found = [fact for handle, text in investigation.wholes.items() for fact in _facts(handle, json.loads(text))]
    return [found[n * len(found) // count] for n in range(min(count, len(found)))]


def was_given(investigation: Investigation, fact: Fact) -> bool:
    """Whether the model could read it in the summary or extract of that result."""
    return any(fact.stands_in(result.text) for result in investigation.results if result.handle == fact.handle)


async def is_recalled(investigation: Investigation, fact: Fact) -> bool:
    arguments = {"source": fact.handle, "part": fact.path, "words": fact.name}
    call = ToolCall(id="c", name="recall", arguments=json.dumps(arguments))
    return fact.stands_in((await run_tool(investigation.tools, call)).text)


def _facts(handle: str, whole: Any) -> Iterator[Fact]:
    for path, records in _lists(whole):
        texts = Counter(text for record in records for text in {*record.values()})
        for record in records:
            name = min(record.values(), key=lambda text: texts[text], default="")
            if texts[name] == 1:
                others = [text for text in record.values() if text != name and len(text) >= _SHORTEST]
                yield from (Fact(handle=handle, path=path, name=name, value=text) for text in others)


def _lists(whole: Any) -> Iterator[tuple[str, list[Mapping[str, str]]]]:
    """The lists that an answer has at its top, in a field, or in a field of its records, with their records flat."""
    if isinstance(whole, list):
        yield "", [_flat(record) for record in whole]
        for place, record in enumerate(whole):
            yield from _inside(record, f"[{place}].")
    else:
        yield from _inside(whole, "")


def _inside(record: Any, path: str) -> Iterator[tuple[str, list[Mapping[str, str]]]]:
    fields = record.items() if isinstance(record, dict) else ()
    for name, value in fields:
        if isinstance(value, list) and all(isinstance(one, dict | list) for one in value):
            yield f"{path}{name}", [_flat(one) for one in value]


def _flat(record: Any) -> dict[str, str]:
    """The texts and numbers of a record by name, as JSON writes them."""
    fields = enumerate(record) if isinstance(record, list) else record.items() if isinstance(record, dict) else ()
    return {
        str(name): value if isinstance(value, str) else json.dumps(value)
        for name, value in fields
        if isinstance(value, str | int | float) and not isinstance(value, bool) and value != ""
    }
