"""Which lists of an HTTP source the sandbox can compare, and how: what a model would see in one record of each.

Where the lists are comes from the description of the tool that reads them, as for any model.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agents.llm.messages import ToolSpec

CALL, CORRELATE, RECALL = "call_source", "correlate", "recall"

_SOURCE = re.compile(r"(?P<slug>[\w.-]+) \(.*\)")
_OPERATION = re.compile(r"  GET (?P<path>/\S*?(?P<name>\w+))(?:[?:,\s].*)?")


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """A list that a source has, in pages."""

    source: str
    path: str
    name: str

    @property
    def first(self) -> str:
        """The first of its largest pages."""
        return f"{self.path}?page=1&per_page=100"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """`arguments` are those of `correlate`, but for the handles."""

    left: Shelf
    right: Shelf
    arguments: Mapping[str, Any]


_KNOWN: Mapping[tuple[str, str], Mapping[str, Any]] = {
    ("orders", "payments"): {
        "keys": ["id=order_ref"],
        "fields": ["amount=amount_cents/100", "currency", "status=state", "placed_at=captured_at"],
        "same": ["paid=captured"],
        "seconds_tolerance": 300,  # a payment is captured some time after its order was placed
        "left_rows": "data",
        "right_rows": "data",
    },
    ("orders", "inventory"): {
        "keys": ["id=order_id", "sku"],
        "fields": ["quantity"],
        "left_rows": "data.items",
        "right_rows": "data",
    },
}


def comparison_asked_for(question: str, *, tools: Sequence[ToolSpec]) -> Comparison | None:
    """Of the two lists that `question` names; None where it does not, or where the tools do not reach them."""
    specs = {tool.name: tool for tool in tools}
    if not {CALL, CORRELATE} <= specs.keys():
        return None
    shelves = {shelf.name: shelf for shelf in _shelves(specs[CALL].description) if _is_named(shelf.name, question)}
    for (left, right), arguments in _KNOWN.items():
        if left in shelves and right in shelves:
            return Comparison(left=shelves[left], right=shelves[right], arguments=arguments)
    return None


def _shelves(description: str) -> Iterator[Shelf]:
    source = ""
    for line in description.splitlines():
        if head := _SOURCE.fullmatch(line):
            source = head["slug"]
        elif (operation := _OPERATION.fullmatch(line)) and source:
            yield Shelf(source=source, path=operation["path"], name=operation["name"])


def _is_named(name: str, question: str) -> bool:
    """One or many of them, and not the service that is called so."""
    return re.search(rf"\b{re.escape(name.removesuffix('s'))}s?\b(?!-)", question.casefold()) is not None
