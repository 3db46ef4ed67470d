"""A Messages body as the neutral conversation that the script reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import orjson

from agents.llm.messages import Message, Part, ReasoningPart, TextPart, ToolCall, ToolResult, ToolSpec
from agents.sandbox.wire.messages.body import (
    Block,
    CountBody,
    MediaBlock,
    MessageBody,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
)


def instructions_of(body: CountBody) -> str:
    """The system prompt, and system messages wherever they stand."""
    later = [block for message in body.messages if message.role == "system" for block in message.content]
    return _texts([*body.system, *(block for block in later if isinstance(block, TextBlock))])


def tools_of(body: CountBody) -> tuple[ToolSpec, ...]:
    return tuple(
        ToolSpec(name=tool.name, description=tool.description, parameters=tool.input_schema) for tool in body.tools
    )


def messages_of(body: CountBody) -> tuple[Message, ...]:
    """The messages. The results of a user message become a message of their own, and so does each of its texts: clients
    put what a user wrote at different times into one message, since roles have to alternate."""
    names = {block.id: block.name for m in body.messages for block in m.content if isinstance(block, ToolUseBlock)}
    said = (message for message in body.messages if message.role != "system")
    return tuple(out for message in said for out in _messages(message, names=names))


def _messages(message: MessageBody, *, names: dict[str, str]) -> Iterator[Message]:
    results = tuple(_result(b, names=names) for b in message.content if isinstance(b, ToolResultBlock))
    parts = tuple(part for block in message.content if (part := _part(block)) is not None)
    if results:
        yield Message(role="tool", parts=results)
    if message.role == "user":
        yield from (Message(role="user", parts=(part,)) for part in parts)
    if message.role == "assistant" or not (parts or results):
        yield Message(role="assistant" if message.role == "assistant" else "user", parts=parts)


def _part(block: Block) -> Part | None:
    match block:
        case TextBlock():
            return TextPart(text=block.text)
        case ThinkingBlock():
            return ReasoningPart(text=block.thinking, signature=block.signature)
        case ToolUseBlock():
            return ToolCall(id=block.id, name=block.name, arguments=orjson.dumps(block.input).decode())
        case _:
            return None


def _result(block: ToolResultBlock, *, names: dict[str, str]) -> ToolResult:
    name = names.get(block.tool_use_id, "")
    return ToolResult(call_id=block.tool_use_id, name=name, text=_texts(block.content), ok=not block.is_error)


def _texts(blocks: Sequence[TextBlock | MediaBlock]) -> str:
    return "\n".join(block.text for block in blocks if isinstance(block, TextBlock))
