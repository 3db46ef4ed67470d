"""Input tokens of an Anthropic Messages body, block by block.

The frame is the model's (see `ServedClaude`), set so that a lone "hello, world" counts what it was seen to count: 10 on
Claude 4.5, 15 on 4.7, 10 on 5. What a tool call and its result add is a guess.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agents.llm.image_tokens import HIGH, STANDARD, Resolution, claude_image_tokens
from agents.sandbox.accounting import IMAGE_TOKENS, count_tokens, json_text
from agents.sandbox.image_size import size_in_base64
from agents.sandbox.sealing import read_seal
from agents.sandbox.served import CLAUDE_FACTOR, find_claude

_PER_MESSAGE = 3
_TOOL_USE = 10
_TOOL_RESULT = 6
_TOOL_PROMPT = 346
"""Tokens of the hidden instructions that Claude gets as soon as there are tools (Anthropic's pricing page)."""


@dataclass(frozen=True, kw_only=True)
class CountedBlock:
    """A block of the prompt. `raw` is in tokens of o200k_base, `plain` in the model's own."""

    block: Mapping[str, Any]
    raw: int
    plain: int = 0


def counted_blocks(body: Mapping[str, Any]) -> list[CountedBlock]:
    """The prompt in its order: tools, system, messages. A message's first block bears what the message costs."""
    tools = [CountedBlock(block=tool, raw=_tool_tokens(tool)) for tool in body.get("tools") or ()]
    if tools:
        tools[0] = CountedBlock(block=tools[0].block, raw=tools[0].raw, plain=_TOOL_PROMPT)
    system = [_counted(block, sees=STANDARD) for block in _blocks(body.get("system"))]
    sees = _resolution(body.get("model", ""))
    return [*tools, *system, *(counted for message in body["messages"] for counted in _message(message, sees=sees))]


def total_tokens(blocks: Sequence[CountedBlock], *, factor: float, frame: int) -> int:
    return math.ceil(sum(block.raw for block in blocks) * factor) + sum(block.plain for block in blocks) + frame


def messages_input_tokens(body: Mapping[str, Any], *, factor: float, frame: int = 3) -> int:
    return total_tokens(counted_blocks(body), factor=factor, frame=frame)


def _resolution(model_id: str) -> Resolution:
    """The tokenizer that counts more, and eyes that see more, came together."""
    model = find_claude(model_id)
    return HIGH if model and model.token_factor > CLAUDE_FACTOR else STANDARD


def _message(message: Mapping[str, Any], *, sees: Resolution) -> Iterator[CountedBlock]:
    blocks = [_counted(block, sees=sees) for block in _blocks(message["content"])] or [CountedBlock(block={}, raw=0)]
    first = blocks[0]
    yield CountedBlock(block={"role": message["role"], **first.block}, raw=first.raw, plain=first.plain + _PER_MESSAGE)
    yield from blocks[1:]


def _blocks(content: Any) -> Sequence[Mapping[str, Any]]:
    """A string is short for one text block."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return content or ()


def _counted(block: Mapping[str, Any], *, sees: Resolution) -> CountedBlock:
    inner = block.get("content")
    images = [block, *(inner if isinstance(inner, list) else ())]
    plain = sum(_image_tokens(one, sees=sees) for one in images if one["type"] in ("image", "document"))
    return CountedBlock(block=block, raw=_block_tokens(block), plain=plain)


def _image_tokens(block: Mapping[str, Any], *, sees: Resolution) -> int:
    data = block["source"].get("data")
    size = size_in_base64(data) if block["type"] == "image" and isinstance(data, str) else None
    return claude_image_tokens(*size, sees=sees) if size else IMAGE_TOKENS


def _tool_tokens(tool: Mapping[str, Any]) -> int:
    return count_tokens(json_text({key: value for key, value in tool.items() if key != "cache_control"}))


def _block_tokens(block: Mapping[str, Any]) -> int:
    match block["type"]:
        case "text":
            return count_tokens(block["text"])
        case "thinking" | "redacted_thinking":
            seal = read_seal(block.get("signature") or block.get("data") or "")
            return seal.tokens if seal else count_tokens(block.get("thinking", ""))
        case "tool_use":
            return _TOOL_USE + count_tokens(block["name"]) + count_tokens(json_text(block["input"]))
        case "tool_result":
            return _TOOL_RESULT + sum(_block_tokens(inner) for inner in _blocks(block.get("content")))
        case _:
            return 0
