"""`ModelRequest` -> the body of an Anthropic Messages call.

The wire's rules: roles alternate; the results of a turn's tool calls all stand first in the one user message that
follows; blank texts are refused; `system` is no message. Messages must be repaired (`agents.llm.repair`) before.
The same request always gives the same bytes, or the provider's prompt cache would miss.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from agents.llm.arguments import sendable_arguments
from agents.llm.messages import Message, Part, ReasoningPart, TextPart, ToolCall, ToolResult, ToolSpec
from agents.llm.providers.base import ModelRequest
from agents.llm.providers.wire_names import wire_id, wire_name

EMPTY_MESSAGE = "(empty message)"
"""Stands for a user message without text: left out, it would leave two assistant messages, or none to answer."""

Block = dict[str, Any]


def request_body(request: ModelRequest) -> dict[str, Any]:
    """The arguments of `messages.create`. A temperature above 1, this wire's maximum, is sent as 1."""
    body: dict[str, Any] = {
        "model": request.model,
        "max_tokens": request.max_output_tokens,
        "messages": wire_messages(request.messages),
        "stream": True,
    }
    if request.instructions.strip():
        body["system"] = request.instructions
    if request.tools:
        body["tools"] = [_tool(spec) for spec in request.tools]
        if request.tool_choice == "none":
            body["tool_choice"] = {"type": "none"}
    if request.temperature is not None:
        body["extra_body"] = {"temperature": min(max(request.temperature, 0.0), 1.0)}
    return body


def wire_messages(messages: Iterable[Message]) -> list[dict[str, Any]]:
    merged: list[dict[str, Any]] = []
    for message in messages:
        role = "assistant" if message.role == "assistant" else "user"
        blocks = list(_blocks(message))
        if not blocks:
            continue
        if merged and merged[-1]["role"] == role:
            merged[-1]["content"] += blocks
        else:
            merged.append({"role": role, "content": blocks})
    for turn in merged:
        if turn["role"] == "user":
            turn["content"].sort(key=_results_first)
    return merged


def _results_first(block: Block) -> bool:
    return bool(block["type"] != "tool_result")


def _blocks(message: Message) -> Iterator[Block]:
    sent = 0
    for part in message.parts:
        block = _block(part)
        if block is not None:
            sent += 1
            yield block
    if not sent and message.role == "user":
        yield {"type": "text", "text": EMPTY_MESSAGE}


def _block(part: Part) -> Block | None:
    match part:
        case TextPart():
            return {"type": "text", "text": part.text} if part.text.strip() else None
        case ToolCall():
            call_id, name = wire_id(part.id), wire_name(part.name)
            return {"type": "tool_use", "id": call_id, "name": name, "input": sendable_arguments(part.arguments)}
        case ToolResult():
            return _tool_result(part)
        case ReasoningPart():
            # Signed reasoning is bound to its exact prefix; what is not sent cannot be refused.
            return None


def _tool_result(part: ToolResult) -> Block:
    block: Block = {"type": "tool_result", "tool_use_id": wire_id(part.call_id)}
    if part.text.strip():
        block["content"] = part.text
    if not part.ok:
        block["is_error"] = True
    return block


def _tool(spec: ToolSpec) -> Block:
    return {"name": spec.name, "description": spec.description, "input_schema": dict(spec.parameters)}
