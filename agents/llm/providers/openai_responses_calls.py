"""The function calls of one Responses stream, each told once and whole, however much of it was streamed."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from agents.llm.clean_text import PieceCleaner
from agents.llm.events import ToolCallDelta

Fields = Mapping[str, Any]


@dataclass(kw_only=True)
class _Call:
    """`item` and `place` are what the server calls it. `told` once its name is known; until then its pieces wait."""

    item: str
    place: object
    index: int | None = None
    call_id: str = ""
    name: str = ""
    streamed: bool = False
    pieces: list[str] = field(default_factory=list)
    cleaner: PieceCleaner = field(default_factory=PieceCleaner)


class FunctionCalls:
    """Finds the call that an event belongs to by the id of its item, then by its place; servers leave either out, or
    say the same for all."""

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._ids: set[str] = set()

    @property
    def any_told(self) -> bool:
        return bool(self._ids)

    @property
    def any_nameless(self) -> bool:
        return any(call.index is None for call in self._calls)

    def begin(self, event: Fields) -> Iterator[ToolCallDelta]:
        """`response.output_item.added` of a function call."""
        item = event["item"]
        call = _Call(item=item.get("id") or "", place=event.get("output_index"))
        self._calls.append(call)
        yield from self._name(call, item)

    def piece(self, event: Fields) -> Iterator[ToolCallDelta]:
        """`response.function_call_arguments.delta`."""
        call = self._find(item=event.get("item_id") or "", place=event.get("output_index"))
        if call is None:
            raise ValueError("arguments of a function call that never began")
        yield from self._add(call, event.get("delta") or "")

    def whole(self, event: Fields) -> Iterator[ToolCallDelta]:
        """`response.function_call_arguments.done`: what it repeats is not told again."""
        call = self._find(item=event.get("item_id") or "", place=event.get("output_index"))
        if call is not None and not call.streamed:
            yield from self._add(call, event.get("arguments") or "")

    def end(self, event: Fields) -> Iterator[ToolCallDelta]:
        """`response.output_item.done` of a function call, maybe the only event of it."""
        item = event["item"]
        call = self._same(item, event.get("output_index"))
        if call is None:
            yield from self.begin(event)
            call = self._calls[-1]
        yield from self._name(call, item)
        if not call.streamed:
            yield from self._add(call, item.get("arguments") or "")

    def _same(self, item: Fields, place: object) -> _Call | None:
        """The call that `item` is the end of: by its own id, else by the call's, else by its place."""
        id, call_id = item.get("id") or "", item.get("call_id") or ""
        return (
            self._newest(lambda call: bool(id) and call.item == id)
            or self._newest(lambda call: bool(call_id) and call.call_id == call_id)
            or self._newest(lambda call: not call.call_id and place is not None and call.place == place)
        )

    def _find(self, *, item: str, place: object) -> _Call | None:
        return (
            self._newest(lambda call: bool(item) and call.item == item)
            or self._newest(lambda call: place is not None and call.place == place)
            or self._newest(lambda _: True)
        )

    def _newest(self, fits: Callable[[_Call], bool]) -> _Call | None:
        return next((call for call in reversed(self._calls) if fits(call)), None)

    def _name(self, call: _Call, item: Fields) -> Iterator[ToolCallDelta]:
        if call.index is not None or not item.get("name"):
            return
        call.index, call.name, call.call_id = len(self._ids), item["name"], item.get("call_id") or ""
        yield ToolCallDelta(
            index=call.index, id=self._own_id(call.call_id), name=call.name, arguments="".join(call.pieces)
        )

    def _add(self, call: _Call, arguments: str) -> Iterator[ToolCallDelta]:
        if not arguments:
            return
        call.streamed = True
        cleaned = call.cleaner.clean(arguments)
        if call.index is None:
            call.pieces.append(cleaned)
        elif cleaned:
            yield ToolCallDelta(index=call.index, arguments=cleaned)

    def _own_id(self, call_id: str) -> str:
        """The server's id, unless it gave none, or one that another call has: ours must tell the calls apart."""
        taken = call_id if call_id and call_id not in self._ids else f"call_{uuid.uuid4().hex}"
        self._ids.add(taken)
        return taken
