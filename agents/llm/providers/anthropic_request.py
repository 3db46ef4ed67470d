"""`ModelRequest` -> the body of an Anthropic Messages call.

The wire's rules: roles alternate; the results of a turn's tool calls all stand first in the one user message that
follows; blank texts are refused; `system` is no message. Messages must be repaired (`agents.llm.repair`) before.
The same request always gives the same bytes, or the provider's prompt cache would miss; cache marks are no part of what
it compares, and wander.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agents.llm.arguments import sendable_arguments
from agents.llm.messages import Message, Part, ReasoningPart, TextPart, ToolCall, ToolResult, ToolSpec
from agents.llm.providers.anthropic_cache import mark
from agents.llm.providers.anthropic_thinking import THINKING, block_of, thinking_fields, thinks
from agents.llm.providers.base import ModelRequest
from agents.llm.providers.sendable import forbids_tools, temperature_of
from agents.llm.providers.wire_names import wire_id, wire_name

EMPTY_MESSAGE = "(empty message)"
"""Stands for a user message without text: left out, it would leave two assistant messages, or none to answer."""

MAX_TEMPERATURE = 1.0

Block = dict[str, Any]


def request_body(request: ModelRequest) -> dict[str, Any]:
    """The arguments of `messages.create`, as far as the model can take them."""
    body: dict[str, Any] = {
        "model": request.model,
        "max_tokens": request.max_output_tokens,
        "messages": wire_messages(request.messages, model=request.model),
        "stream": True,
    }
    if request.instructions.strip():
        body["system"] = request.instructions
    if request.tools:
        body["tools"] = [_tool(spec) for spec in request.tools]
    if forbids_tools(request):
        body["tool_choice"] = {"type": "none"}
    body |= thinking_fields(request)
    if (temperature := sent_temperature(request)) is not None:
        body["extra_body"] = {"temperature": temperature}
    if request.capabilities.cache == "marked":
        mark(body)
    return body


def sent_temperature(request: ModelRequest) -> float | None:
    """A model that is to think takes none."""
    return None if thinks(request) else temperature_of(request, wire_maximum=MAX_TEMPERATURE)


def wire_messages(messages: Iterable[Message], *, model: str) -> list[dict[str, Any]]:
    """`model` is whom the messages are for: only its own thinking is among them."""
    merged: list[dict[str, Any]] = []
    for message in messages:
        role = "assistant" if message.role == "assistant" else "user"
        blocks = _blocks(message, model)
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


def _blocks(message: Message, model: str) -> list[Block]:
    """Thinking that nothing came of is not sent: the wire refuses a message that ends in it."""
    blocks = [block for part in message.parts if (block := _block(part, model)) is not None]
    while blocks and blocks[-1]["type"] in THINKING:
        blocks.pop()
    if not blocks and message.role == "user":
        blocks.append({"type": "text", "text": EMPTY_MESSAGE})
    return blocks


def _block(part: Part, model: str) -> Block | None:
    match part:
        case TextPart():
            return {"type": "text", "text": part.text} if part.text.strip() else None
        case ToolCall():
            call_id, name = wire_id(part.id), wire_name(part.name)
            return {"type": "tool_use", "id": call_id, "name": name, "input": sendable_arguments(part.arguments)}
        case ToolResult():
            return _tool_result(part)
        case ReasoningPart():
            return block_of(part) if part.origin == model else None


def _tool_result(part: ToolResult) -> Block:
    block: Block = {"type": "tool_result", "tool_use_id": wire_id(part.call_id)}
    if part.text.strip():
        block["content"] = part.text
    if not part.ok:
        block["is_error"] = True
    return block


def _tool(spec: ToolSpec) -> Block:
    return {"name": spec.name, "description": spec.description, "input_schema": dict(spec.parameters)}
