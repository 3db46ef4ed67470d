"""Which tool call a piece of an OpenAI Chat Completions stream belongs to.

OpenAI numbers its calls and names them in their first piece. Gateways on the same wire leave the number out, give every
call the same number or the same id, repeat id and name in every piece, or send a whole call in one piece.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from agents.llm.clean_text import PieceCleaner
from agents.llm.events import ToolCallDelta


@dataclass(kw_only=True)
class _Call:
    """`wire_index` and `wire_id` are what the server calls it, `index` is our own number, set when it is told."""

    wire_index: int | None
    wire_id: str
    name: str = ""
    index: int | None = None
    arguments: list[str] = field(default_factory=list)
    cleaner: PieceCleaner = field(default_factory=PieceCleaner)

    @property
    def is_whole(self) -> bool:
        try:
            orjson.loads("".join(self.arguments))
        except orjson.JSONDecodeError:
            return False
        return True


class ToolCallPieces:
    """Sorts the pieces of one answer. A call is told once its name is known; until then its pieces are held."""

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._ids: set[str] = set()

    @property
    def any_told(self) -> bool:
        return bool(self._ids)

    @property
    def any_nameless(self) -> bool:
        return any(call.index is None for call in self._calls)

    def feed(self, piece: Mapping[str, Any]) -> Iterator[ToolCallDelta]:
        """`piece` is one item of `delta.tool_calls`."""
        function = piece.get("function") or {}
        index, wire_id, name = piece.get("index"), piece.get("id") or "", function.get("name") or ""
        arguments = _text(function.get("arguments") or "")
        call = self._find(index=index, wire_id=wire_id, name=name) or self._add(index=index, wire_id=wire_id)
        call.name = call.name or name
        cleaned = call.cleaner.clean(arguments)
        call.arguments.append(cleaned)
        yield from self._tell(call, cleaned)

    def _find(self, *, index: int | None, wire_id: str, name: str) -> _Call | None:
        near = [call for call in self._calls if index is None or call.wire_index in (index, None)]
        if wire_id:
            same = next((call for call in reversed(near) if call.wire_id == wire_id), None)
            if same is not None or name:
                return same
        newest = near[-1] if near else None
        # Without an id, a name that follows a complete call, or differs from it, opens another one.
        if newest and not wire_id and name and newest.name and (name != newest.name or newest.is_whole):
            return None
        return newest

    def _add(self, *, index: int | None, wire_id: str) -> _Call:
        call = _Call(wire_index=index, wire_id=wire_id)
        self._calls.append(call)
        return call

    def _tell(self, call: _Call, arguments: str) -> Iterator[ToolCallDelta]:
        if call.index is not None:
            if arguments:
                yield ToolCallDelta(index=call.index, arguments=arguments)
        elif call.name:
            call.index = len(self._ids)
            yield ToolCallDelta(
                index=call.index, id=self._own_id(call.wire_id), name=call.name, arguments="".join(call.arguments)
            )

    def _own_id(self, wire_id: str) -> str:
        """The server's id, unless it gave none, or one that another call has: ours must tell the calls apart."""
        taken = wire_id if wire_id and wire_id not in self._ids else f"call_{uuid.uuid4().hex}"
        self._ids.add(taken)
        return taken


def _text(arguments: object) -> str:
    return arguments if isinstance(arguments, str) else orjson.dumps(arguments).decode()
