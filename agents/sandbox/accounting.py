"""What the sandbox counts: the tokens of a request's wire body, as the vendors would count them, and of its own words.

It counts on its own, from the wire, so that a client's estimate has something to be compared with.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from agents.llm.vocabulary import EncodingName, load_encoding
from agents.sandbox.sealing import read_seal

_VOCABULARY: Final[EncodingName] = "o200k_base"
_SLICE = 100_000
"""Characters that are encoded at once: the encoder panics on very long runs of blanks."""

_CLAUDE_FRAME = 3
_CLAUDE_PER_MESSAGE = 3
_CLAUDE_TOOL_USE = 10
_CLAUDE_TOOL_RESULT = 6
_CLAUDE_TOOL_PROMPT = 346
"""Tokens of the hidden instructions that Claude gets as soon as there are tools (Anthropic's pricing page)."""

_IMAGE_TOKENS = 1_600
"""A flat count per image: the sandbox does not look into images."""

_GPT_PER_MESSAGE = 3
_GPT_PER_NAME = 1
_GPT_REPLY = 3
_GPT_FUNCTION = 7
_GPT_PROPERTIES = 3
_GPT_PROPERTY = 3
_GPT_ENUM = -3
_GPT_ENUM_ITEM = 3
_GPT_TOOLS_END = 12


def count_tokens(text: str) -> int:
    """Tokens of `text` in o200k_base."""
    encode = load_encoding(_VOCABULARY).encode_ordinary
    return sum(len(encode(text[start : start + _SLICE])) for start in range(0, len(text), _SLICE))


def first_tokens(text: str, count: int) -> str:
    """The beginning of `text` that has `count` tokens, without a torn character at its end."""
    encoding = load_encoding(_VOCABULARY)
    return encoding.decode(encoding.encode_ordinary(text[:_SLICE])[:count], errors="ignore")


def messages_input_tokens(body: Mapping[str, Any], *, factor: float, frame: int = _CLAUDE_FRAME) -> int:
    """Input tokens of an Anthropic Messages body; `frame` is what the model counts for any.

    Frames are set so that a lone "hello, world" counts what it was seen to count: 10 on Claude 4.5, 15 on 4.7, 10 on 5.
    What a tool call and its result add is a guess.
    """
    messages, tools = body["messages"], body.get("tools") or []
    raw = _content_tokens(body.get("system")) + sum(_tool_tokens(tool) for tool in tools)
    raw += sum(_content_tokens(message["content"]) for message in messages)
    frame += _CLAUDE_PER_MESSAGE * len(messages) + (_CLAUDE_TOOL_PROMPT if tools else 0)
    return math.ceil(raw * factor) + frame + _IMAGE_TOKENS * _count_images(messages)


def _tool_tokens(tool: Mapping[str, Any]) -> int:
    return count_tokens(_json_text({key: value for key, value in tool.items() if key != "cache_control"}))


def _content_tokens(content: Any) -> int:
    """What a model reads of a message's content, which is a string or blocks."""
    if isinstance(content, str):
        return count_tokens(content)
    return sum(_block_tokens(block) for block in content or ())


def _block_tokens(block: Mapping[str, Any]) -> int:
    match block["type"]:
        case "text":
            return count_tokens(block["text"])
        case "thinking" | "redacted_thinking":
            seal = read_seal(block.get("signature") or block.get("data") or "")
            return seal.tokens if seal else count_tokens(block.get("thinking", ""))
        case "tool_use":
            return _CLAUDE_TOOL_USE + count_tokens(block["name"]) + count_tokens(_json_text(block["input"]))
        case "tool_result":
            return _CLAUDE_TOOL_RESULT + _content_tokens(block.get("content"))
        case _:
            return 0


def _count_images(messages: Sequence[Mapping[str, Any]]) -> int:
    blocks = [b for m in messages if isinstance(m["content"], list) for b in m["content"]]
    inner = [b for block in blocks if isinstance(block.get("content"), list) for b in block["content"]]
    return sum(block["type"] in ("image", "document") for block in (*blocks, *inner))


def _json_text(value: Any) -> str:
    return orjson.dumps(value).decode()


def chat_input_tokens(body: Mapping[str, Any]) -> int:
    """Input tokens of an OpenAI Chat Completions body, by the rules of OpenAI's cookbook ("How to count tokens with
    tiktoken", gpt-4o). It does not cover tool calls; here each counts as its name and arguments plus a message's 3."""
    messages = sum(map(_chat_message_tokens, body["messages"])) + _GPT_REPLY
    functions = [tool["function"] for tool in body.get("tools") or []]
    tools = sum(map(_function_tokens, functions)) + (_GPT_TOOLS_END if functions else 0)
    return messages + tools


def responses_input_tokens(body: Mapping[str, Any]) -> int:
    """Input tokens of an OpenAI Responses body, by the same rules: an item counts as the message that it would be in a
    chat. A thought that is sent back counts as it did when it was thought."""
    given = body.get("input") or []
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    total = _GPT_REPLY + sum(map(_item_tokens, items))
    if body.get("instructions"):
        total += _chat_message_tokens({"role": "system", "content": body["instructions"]})
    tools = body.get("tools") or []
    return total + sum(map(_function_tokens, tools)) + (_GPT_TOOLS_END if tools else 0)


def _item_tokens(item: Mapping[str, Any]) -> int:
    match item.get("type", "message"):
        case "message":
            return _chat_message_tokens({"role": item["role"], "content": item["content"]})
        case "function_call":
            return _GPT_PER_MESSAGE + count_tokens(item["name"]) + count_tokens(item["arguments"])
        case "function_call_output":
            return _chat_message_tokens({"role": "tool", "content": item["output"]})
        case "reasoning":
            seal = read_seal(item.get("encrypted_content") or "")
            return seal.tokens if seal else 0
        case _:
            return 0


def _chat_message_tokens(message: Mapping[str, Any]) -> int:
    name = message.get("name") or ""
    total = _GPT_PER_MESSAGE + count_tokens(message["role"]) + count_tokens(name) + (_GPT_PER_NAME if name else 0)
    total += sum(_tool_call_tokens(call) for call in message.get("tool_calls") or [])
    content = message.get("content") or []
    if isinstance(content, str):
        return total + count_tokens(content)
    return total + sum(_chat_part_tokens(part) for part in content)


def _chat_part_tokens(part: Mapping[str, Any]) -> int:
    return (
        _IMAGE_TOKENS
        if part["type"] in ("image_url", "input_image", "input_file")
        else count_tokens(part.get("text") or "")
    )


def _tool_call_tokens(call: Mapping[str, Any]) -> int:
    function = call["function"]
    return _GPT_PER_MESSAGE + count_tokens(function["name"]) + count_tokens(function["arguments"])


def _function_tokens(function: Mapping[str, Any]) -> int:
    about = (function.get("description") or "").removesuffix(".")
    total = _GPT_FUNCTION + count_tokens(f"{function['name']}:{about}")
    properties = (function.get("parameters") or {}).get("properties") or {}
    if not properties:
        return total
    return total + _GPT_PROPERTIES + sum(_property_tokens(name, spec) for name, spec in properties.items())


def _property_tokens(name: str, spec: Mapping[str, Any]) -> int:
    about = str(spec.get("description") or "").removesuffix(".")
    total = _GPT_PROPERTY + count_tokens(f"{name}:{spec.get('type', '')}:{about}")
    if "enum" in spec:
        total += _GPT_ENUM + sum(_GPT_ENUM_ITEM + count_tokens(str(item)) for item in spec["enum"])
    return total
