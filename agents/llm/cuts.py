"""Where a message can be cut, and what it reads like afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal, NamedTuple

from agents.llm.messages import Message, Part, ToolCall, ToolResult
from agents.llm.tool_results import Cut, apply_cut, stub


class Place(NamedTuple):
    """A text that can be cut. `owner` is the id of the assistant message that made the call, also for its result."""

    owner: str
    call_id: str
    body: Literal["arguments", "result"]


Cuts = Mapping[Place, Cut]


def places(message: Message, *, owner: str) -> dict[Place, str]:
    """Every place in `message`, with the text that stands there. `owner` is the assistant message of its iteration."""
    texts: dict[Place, str] = {}
    for part in message.parts:
        if isinstance(part, ToolCall):
            texts[Place(owner, part.id, "arguments")] = part.arguments
        elif isinstance(part, ToolResult):
            texts[Place(owner, part.call_id, "result")] = part.text
    return texts


def with_cuts(message: Message, *, owner: str, cuts: Cuts) -> Message:
    """`message` as it is sent: the very same object if nothing in it is cut."""
    if cuts.keys().isdisjoint(places(message, owner=owner)):
        return message
    return replace(message, parts=tuple(_cut(part, owner=owner, cuts=cuts) for part in message.parts))


def _cut(part: Part, *, owner: str, cuts: Cuts) -> Part:
    if isinstance(part, ToolCall):
        cut = cuts.get(Place(owner, part.id, "arguments"))
        return replace(part, arguments=apply_cut(part.arguments, cut)) if cut else part
    if isinstance(part, ToolResult):
        cut = cuts.get(Place(owner, part.call_id, "result"))
        return replace(part, text=_short_result(part, cut)) if cut else part
    return part


def _short_result(result: ToolResult, cut: Cut) -> str:
    return stub(result) if cut.shape == "stub" else apply_cut(result.text, cut, handle=result.handle)
