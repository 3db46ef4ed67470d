"""Input tokens of OpenAI's bodies, by the rules of OpenAI's cookbook ("How to count tokens with tiktoken", gpt-4o).

It does not cover tool calls; here each counts as its name and arguments plus a message's 3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agents.llm.image_tokens import openai_image_tokens
from agents.sandbox.accounting import IMAGE_TOKENS, count_tokens
from agents.sandbox.image_size import size_in_url
from agents.sandbox.sealing import read_seal

_PER_MESSAGE = 3
_PER_NAME = 1
_REPLY = 3
_FUNCTION = 7
_PROPERTIES = 3
_PROPERTY = 3
_ENUM = -3
_ENUM_ITEM = 3
_TOOLS_END = 12


@dataclass(frozen=True, kw_only=True)
class CountedItem:
    """A part of the prompt, as it was sent, and its tokens."""

    sent: Any
    tokens: int


def counted_chat(body: Mapping[str, Any]) -> list[CountedItem]:
    """A Chat Completions prompt in its order: tools, messages."""
    tools = body.get("tools") or []
    model = body.get("model", "")
    messages = [CountedItem(sent=one, tokens=_message_tokens(one, model=model)) for one in body["messages"]]
    return [*_counted_tools(tools, functions=[tool["function"] for tool in tools]), *messages]


def counted_responses(body: Mapping[str, Any]) -> list[CountedItem]:
    """A Responses prompt in its order: tools, instructions, items. An item counts as the message that it would be in a
    chat; a thought that is sent back counts as it did when it was thought."""
    tools = body.get("tools") or []
    given = body.get("input") or []
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    if body.get("instructions"):
        items = [{"role": "system", "content": body["instructions"]}, *items]
    model = body.get("model", "")
    counted = [CountedItem(sent=item, tokens=_item_tokens(item, model=model)) for item in items]
    return [*_counted_tools(tools, functions=tools), *counted]


def total_tokens(items: Sequence[CountedItem]) -> int:
    return sum(item.tokens for item in items) + _REPLY


def chat_input_tokens(body: Mapping[str, Any]) -> int:
    return total_tokens(counted_chat(body))


def responses_input_tokens(body: Mapping[str, Any]) -> int:
    return total_tokens(counted_responses(body))


def _counted_tools(tools: Sequence[Any], *, functions: Sequence[Mapping[str, Any]]) -> list[CountedItem]:
    if not tools:
        return []
    return [CountedItem(sent=tools, tokens=sum(map(_function_tokens, functions)) + _TOOLS_END)]


def _item_tokens(item: Mapping[str, Any], *, model: str) -> int:
    match item.get("type", "message"):
        case "message":
            return _message_tokens({"role": item["role"], "content": item["content"]}, model=model)
        case "function_call":
            return _PER_MESSAGE + count_tokens(item["name"]) + count_tokens(item["arguments"])
        case "function_call_output":
            return _message_tokens({"role": "tool", "content": item["output"]}, model=model)
        case "reasoning":
            seal = read_seal(item.get("encrypted_content") or "")
            return seal.tokens if seal else 0
        case _:
            return 0


def _message_tokens(message: Mapping[str, Any], *, model: str) -> int:
    name = message.get("name") or ""
    total = _PER_MESSAGE + count_tokens(message["role"]) + count_tokens(name) + (_PER_NAME if name else 0)
    total += sum(_tool_call_tokens(call) for call in message.get("tool_calls") or [])
    content = message.get("content") or []
    if isinstance(content, str):
        return total + count_tokens(content)
    return total + sum(_part_tokens(part, model=model) for part in content)


def _part_tokens(part: Mapping[str, Any], *, model: str) -> int:
    match part["type"]:
        case "image_url":
            return _image_tokens(part.get("image_url") or {}, model=model)
        case "input_image":
            return _image_tokens({"url": part.get("image_url"), "detail": part.get("detail")}, model=model)
        case "input_file":
            return IMAGE_TOKENS
        case _:
            return count_tokens(part.get("text") or "")


def _image_tokens(image: Mapping[str, Any], *, model: str) -> int:
    url = image.get("url")
    size = size_in_url(url) if isinstance(url, str) else None
    if size is None:
        return IMAGE_TOKENS
    return openai_image_tokens(*size, model=model, is_low_detail=image.get("detail") == "low")


def _tool_call_tokens(call: Mapping[str, Any]) -> int:
    function = call["function"]
    return _PER_MESSAGE + count_tokens(function["name"]) + count_tokens(function["arguments"])


def _function_tokens(function: Mapping[str, Any]) -> int:
    about = (function.get("description") or "").removesuffix(".")
    total = _FUNCTION + count_tokens(f"{function['name']}:{about}")
    properties = (function.get("parameters") or {}).get("properties") or {}
    if not properties:
        return total
    return total + _PROPERTIES + sum(_property_tokens(name, spec) for name, spec in properties.items())


def _property_tokens(name: str, spec: Mapping[str, Any]) -> int:
    about = str(spec.get("description") or "").removesuffix(".")
    total = _PROPERTY + count_tokens(f"{name}:{spec.get('type', '')}:{about}")
    if "enum" in spec:
        total += _ENUM + sum(_ENUM_ITEM + count_tokens(str(item)) for item in spec["enum"])
    return total
