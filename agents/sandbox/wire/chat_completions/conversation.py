"""A Chat Completions body as the neutral conversation that the script reads."""

from __future__ import annotations

from collections.abc import Mapping

from agents.llm.messages import Message, Part, TextPart, ToolCall, ToolResult, ToolSpec
from agents.sandbox.wire.chat_completions.body import ChatBody, ChatMessage


def instructions_of(body: ChatBody) -> str:
    """System and developer messages, wherever they stand."""
    return "\n".join(_text(message) for message in body.messages if message.role in ("system", "developer"))


def tools_of(body: ChatBody) -> tuple[ToolSpec, ...]:
    functions = (tool.function for tool in body.tools or [])
    return tuple(ToolSpec(name=f.name, description=f.description, parameters=f.parameters) for f in functions)


def messages_of(body: ChatBody) -> tuple[Message, ...]:
    names = {call.id: call.function.name for m in body.messages for call in m.tool_calls or []}
    return tuple(_message(m, names=names) for m in body.messages if m.role not in ("system", "developer"))


def _message(message: ChatMessage, *, names: Mapping[str, str]) -> Message:
    text = _text(message)
    texts: tuple[Part, ...] = (TextPart(text=text),) if text else ()
    if message.role == "user":
        return Message(role="user", parts=texts)
    if message.role == "tool":
        call_id = message.tool_call_id or ""
        return Message(role="tool", parts=(ToolResult(call_id=call_id, name=names.get(call_id, ""), text=text),))
    calls = tuple(
        ToolCall(id=call.id, name=call.function.name, arguments=call.function.arguments)
        for call in message.tool_calls or []
    )
    return Message(role="assistant", parts=texts + calls)


def _text(message: ChatMessage) -> str:
    return "\n".join(part.text for part in message.content or [] if part.type == "text")
