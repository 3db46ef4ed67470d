"""`ModelRequest` -> the body of an OpenAI Chat Completions call.

The wire's rules: an assistant message with tool calls is followed at once by one `tool` message per call; `content` may
be null only beside tool calls. Messages must be repaired (`agents.llm.repair`) before. The same request always gives
the same bytes, or the provider's prompt cache would miss.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from agents.llm.arguments import parse_arguments, sendable_arguments
from agents.llm.capabilities import Effort
from agents.llm.messages import Message, ToolCall, ToolSpec
from agents.llm.providers.base import ModelRequest
from agents.llm.providers.sendable import effort_of, forbids_tools, temperature_of
from agents.llm.providers.wire_names import wire_name

MAX_TEMPERATURE = 2.0


def request_body(request: ModelRequest) -> dict[str, Any]:
    """The arguments of `chat.completions.create`, as far as the model can take them."""
    able = request.capabilities
    body: dict[str, Any] = {
        "model": request.model,
        able.token_parameter: request.max_output_tokens,
        "messages": [*_system(request.instructions), *wire_messages(request.messages)],
        "stream": True,
    }
    if request.tools:
        body["tools"] = [_tool(spec) for spec in request.tools]
    if forbids_tools(request):
        body["tool_choice"] = "none"
    if (effort := _effort(request)) is not None:
        body["reasoning_effort"] = effort
    if (temperature := temperature_of(request, wire_maximum=MAX_TEMPERATURE)) is not None:
        body["temperature"] = temperature
    if "stream_options" not in able.refused:
        body["stream_options"] = {"include_usage": True}
    return body


def _effort(request: ModelRequest) -> Effort | None:
    """Unasked, a model that takes tools only without thinking would think, and refuse them."""
    if request.tools and request.capabilities.tools_api == "chat_if_effort_none":
        return "none"
    return effort_of(request)


def wire_messages(messages: Iterable[Message]) -> list[dict[str, Any]]:
    return [wire for message in messages for wire in _message(message)]


def _system(instructions: str) -> Iterator[dict[str, Any]]:
    # Not "developer": gateways know only this name, and OpenAI takes it for the same.
    if instructions.strip():
        yield {"role": "system", "content": instructions}


def _message(message: Message) -> Iterator[dict[str, Any]]:
    match message.role:
        case "user":
            yield {"role": "user", "content": message.text}
        case "assistant":
            yield from _assistant(message)
        case "tool":
            for result in message.tool_results:
                yield {"role": "tool", "tool_call_id": result.call_id, "content": result.text}


def _assistant(message: Message) -> Iterator[dict[str, Any]]:
    calls = [_call(call) for call in message.tool_calls]
    if calls:
        yield {"role": "assistant", "content": message.text or None, "tool_calls": calls}
    elif message.text:
        yield {"role": "assistant", "content": message.text}


def _call(call: ToolCall) -> dict[str, Any]:
    function = {"name": wire_name(call.name), "arguments": _arguments(call.arguments)}
    return {"id": call.id, "type": "function", "function": function}


def _arguments(raw: str) -> str:
    """What the model wrote, byte for byte, if it is an object; servers that parse it fail on anything else."""
    try:
        parse_arguments(raw)
    except ValueError:
        return orjson.dumps(sendable_arguments(raw)).decode()
    return raw if raw.strip() else "{}"


def _tool(spec: ToolSpec) -> dict[str, Any]:
    function = {"name": spec.name, "description": spec.description, "parameters": dict(spec.parameters)}
    return {"type": "function", "function": function}
