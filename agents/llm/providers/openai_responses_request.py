"""`ModelRequest` -> the body of an OpenAI Responses call.

The wire's rules: the conversation is a flat list of items; a call and its result are items of their own, told apart by
`call_id`; a reasoning item stands right before what came of it. Messages must be repaired (`agents.llm.repair`) before.
The same request always gives the same bytes, or the provider's prompt cache would miss.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from agents.llm.arguments import parse_arguments, sendable_arguments
from agents.llm.messages import Message, ReasoningPart, TextPart, ToolCall, ToolSpec
from agents.llm.providers.base import ModelRequest
from agents.llm.providers.openai_responses_reasoning import item_of
from agents.llm.providers.sendable import effort_of, forbids_tools, temperature_of
from agents.llm.providers.wire_names import wire_name

MAX_TEMPERATURE = 2.0

Item = dict[str, Any]


def request_body(request: ModelRequest) -> dict[str, Any]:
    """The arguments of `responses.create`, as far as the model can take them."""
    able = request.capabilities
    body: dict[str, Any] = {
        "model": request.model,
        "input": wire_items(request.messages, model=request.model),
        "max_output_tokens": request.max_output_tokens,
        "stream": True,
    }
    if "store" not in able.refused:
        body["store"] = False
    if request.instructions.strip():
        body["instructions"] = request.instructions
    if request.tools:
        body["tools"] = [_tool(spec) for spec in request.tools]
    if forbids_tools(request):
        body["tool_choice"] = "none"
    if reasoning := _reasoning(request):
        body["reasoning"] = reasoning
    # A model that does not think refuses to be asked for its thoughts.
    if able.thinking != "none" and "include" not in able.refused:
        body["include"] = ["reasoning.encrypted_content"]
    if (temperature := temperature_of(request, wire_maximum=MAX_TEMPERATURE)) is not None:
        body["temperature"] = temperature
    return body


def wire_items(messages: Iterable[Message], *, model: str) -> list[Item]:
    """`model` is whom the items are for: only its own reasoning is among them."""
    return [item for message in messages for item in _items(message, model)]


def _reasoning(request: ModelRequest) -> dict[str, Any]:
    able, effort = request.capabilities, effort_of(request)
    if able.thinking == "none" or "thinking" in able.refused:
        return {}
    asked: dict[str, Any] = {} if effort is None else {"effort": effort}
    if effort != "none" and "thoughts" not in able.refused:
        asked["summary"] = "auto"
    return asked


def _items(message: Message, model: str) -> Iterator[Item]:
    match message.role:
        case "user":
            yield {"type": "message", "role": "user", "content": message.text}
        case "assistant":
            yield from _assistant(message, model)
        case "tool":
            for result in message.tool_results:
                yield {"type": "function_call_output", "call_id": result.call_id, "output": result.text}


def _assistant(message: Message, model: str) -> Iterator[Item]:
    """Reasoning that nothing came of is not sent: the wire refuses it without what follows."""
    waiting: list[Item] = []
    for part in message.parts:
        if isinstance(part, ReasoningPart):
            item = item_of(part) if part.origin == model else None
            waiting += [item] if item else []
            continue
        item = _said(part)
        if item is not None:
            yield from waiting
            waiting = []
            yield item


def _said(part: object) -> Item | None:
    match part:
        case TextPart():
            return {"type": "message", "role": "assistant", "content": part.text} if part.text else None
        case ToolCall():
            arguments = _arguments(part.arguments)
            return {"type": "function_call", "call_id": part.id, "name": wire_name(part.name), "arguments": arguments}
    return None


def _arguments(raw: str) -> str:
    """What the model wrote, byte for byte, if it is an object; servers that parse it fail on anything else."""
    try:
        parse_arguments(raw)
    except ValueError:
        return orjson.dumps(sendable_arguments(raw)).decode()
    return raw if raw.strip() else "{}"


def _tool(spec: ToolSpec) -> dict[str, Any]:
    # Unsaid, this wire takes a schema for a strict one, in which no parameter may be left out.
    parameters = dict(spec.parameters)
    return {
        "type": "function",
        "name": spec.name,
        "description": spec.description,
        "parameters": parameters,
        "strict": False,
    }
