"""Folds the events of one model call into the assistant's message: the same live, after a crash and in tests."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Literal

from agents.llm.clean_text import clean_text
from agents.llm.events import ModelEvent, ReasoningDelta, TextDelta, ToolCallDelta
from agents.llm.messages import Message, Part, ReasoningPart, TextPart, ToolCall


@dataclass(kw_only=True)
class _Block:
    """A part in the making. `pieces` are joined only when it is asked for: a long stream costs linear time."""

    kind: Literal["text", "reasoning", "tool_call"]
    pieces: list[str] = field(default_factory=list)
    signature: str = ""
    origin: str = ""
    id: str = ""
    name: str = ""

    def part(self) -> Part:
        body = "".join(self.pieces)
        if self.kind == "text":
            return TextPart(text=body)
        if self.kind == "reasoning":
            return ReasoningPart(text=body, signature=self.signature, origin=self.origin)
        return ToolCall(id=self.id, name=self.name, arguments=body or "{}")


class Assembly:
    """`add` the events in order and ask for the `message` at any time: a stream that was cut gives what had arrived."""

    def __init__(self) -> None:
        self._blocks: list[_Block] = []
        self._calls: dict[int, _Block] = {}

    def add(self, event: ModelEvent) -> None:
        match event:
            case TextDelta():
                if event.text:
                    self._last("text").pieces.append(event.text)
            case ReasoningDelta():
                self._add_reasoning(event)
            case ToolCallDelta():
                self._add_call(event)
            case _:
                pass  # The others say nothing about the content.

    def message(self, *, id: str = "", complete_calls_only: bool = False) -> Message:
        """The parts in order of appearance. `complete_calls_only` leaves out calls whose arguments are no JSON."""
        parts = tuple(block.part() for block in self._blocks)
        if complete_calls_only:
            parts = tuple(part for part in parts if not isinstance(part, ToolCall) or _is_complete(part))
        return Message(role="assistant", parts=parts, id=id)

    def _add_reasoning(self, event: ReasoningDelta) -> None:
        if event.text or event.signature:
            block = self._last("reasoning")
            block.pieces.append(event.text)
            block.signature = clean_text(event.signature)
            block.origin = event.origin

    def _add_call(self, event: ToolCallDelta) -> None:
        if event.index not in self._calls:
            self._calls[event.index] = _Block(kind="tool_call", id=_short(event.id), name=_short(event.name))
            self._blocks.append(self._calls[event.index])
        self._calls[event.index].pieces.append(event.arguments)

    def _last(self, kind: Literal["text", "reasoning"]) -> _Block:
        """The block that a delta of this kind continues. A signature ends its block: it vouches for just that text."""
        if not self._blocks or self._blocks[-1].kind != kind or self._blocks[-1].signature:
            self._blocks.append(_Block(kind=kind))
        return self._blocks[-1]


def _short(label: str) -> str:
    """An id or a name as it may be stored, whoever wrote it."""
    return clean_text(label)[:200]


def _is_complete(call: ToolCall) -> bool:
    try:
        json.loads(call.arguments)
    except (ValueError, RecursionError):
        return False
    return bool(call.id and call.name)
