"""A Responses body as the neutral conversation that the script reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from agents.llm.messages import Message, Part, ReasoningPart, TextPart, ToolCall, ToolResult, ToolSpec
from agents.sandbox.wire.responses.body import (
    CallItem,
    CallOutputItem,
    CountBody,
    Item,
    MessageItem,
    ReasoningItem,
)
from agents.sandbox.wire.responses.body import Part as PartBody

_INSTRUCTING = ("system", "developer")


def instructions_of(body: CountBody) -> str:
    """The instructions, and system and developer messages wherever they stand."""
    said = [text_of(item.content) for item in body.input if isinstance(item, MessageItem) and item.role in _INSTRUCTING]
    return "\n".join(filter(None, (body.instructions or "", *said)))


def tools_of(body: CountBody) -> tuple[ToolSpec, ...]:
    return tuple(
        ToolSpec(name=tool.name, description=tool.description or "", parameters=tool.parameters or {"type": "object"})
        for tool in body.tools or []
    )


def messages_of(body: CountBody) -> tuple[Message, ...]:
    """Messages as a chat would have them: what an assistant thought, said and called in a row is one message."""
    names = {item.call_id: item.name for item in body.input if isinstance(item, CallItem)}
    return tuple(_messages(body.input, names=names))


def _messages(items: Sequence[Item], *, names: Mapping[str, str]) -> Iterator[Message]:
    parts: list[Part] = []
    for item in items:
        part = _assistant_part(item)
        if part is not None:
            parts.append(part)
            continue
        if parts:
            yield Message(role="assistant", parts=tuple(parts))
            parts = []
        yield from _other_message(item, names=names)
    if parts:
        yield Message(role="assistant", parts=tuple(parts))


def _assistant_part(item: Item) -> Part | None:
    match item:
        case MessageItem(role="assistant"):
            return TextPart(text=text_of(item.content))
        case CallItem():
            return ToolCall(id=item.call_id, name=item.name, arguments=item.arguments)
        case ReasoningItem():
            return ReasoningPart(text="\n".join(part.text for part in item.summary))
        case _:
            return None


def _other_message(item: Item, *, names: Mapping[str, str]) -> Iterator[Message]:
    match item:
        case MessageItem(role="user"):
            text = text_of(item.content)
            yield Message(role="user", parts=(TextPart(text=text),) if text else ())
        case CallOutputItem():
            name = names.get(item.call_id, "")
            result = ToolResult(call_id=item.call_id, name=name, text=text_of(item.output))
            yield Message(role="tool", parts=(result,))


def text_of(content: str | Sequence[PartBody]) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(part.text for part in content if part.type in ("input_text", "output_text"))
