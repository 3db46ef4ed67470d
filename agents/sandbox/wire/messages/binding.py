"""Thinking blocks that come back: who thought them, unchanged or not, and after which conversation.

Claude 5.5 refuses its thought once anything before it has changed: system, tools or an earlier message. Thinking blocks
and cache marks do not count, since a client may drop and move them. Blocks of another model are dropped silently.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from agents.sandbox.models import ServedClaude
from agents.sandbox.sealing import Seal, digest, read_seal
from agents.sandbox.wire.base import WireError
from agents.sandbox.wire.messages.body import CountBody, RedactedThinkingBlock, ThinkingBlock, ToolUseBlock, bad_request

_NOT_BOUND = ("thinking", "redacted_thinking")
DROP_BETA = "thinking-binding-controls-2026-08-01"


def check_thoughts(
    parsed: CountBody, *, body: Mapping[str, Any], model: ServedClaude, headers: Mapping[str, str]
) -> None:
    """Raises WireError with status 400 for the first thinking block that the model would refuse."""
    _check_first_block(parsed, model=model)
    blocks = list(_thoughts(parsed))
    if not blocks:
        return
    binds = model.binds_thinking and not _may_drop(parsed, headers=headers)
    before = prefix_digests(body) if binds else []
    for number, place, block in blocks:
        seal = _seal_of(block)
        at = f"messages.{number}.content.{place}"
        if seal is None and model.strict_seals:
            raise bad_request(f"{at}: Invalid `{_field(block)}` in `{block.type}` block")
        if seal is None or seal.model != model.id:
            continue
        if isinstance(block, ThinkingBlock) and seal.thought != digest(block.thinking):
            raise _changed(at)
        if binds and seal.prefix != before[number]:
            raise _unbound(at, kind=block.type)


def prefix_digests(body: Mapping[str, Any]) -> list[str]:
    """Digests of all that stands before each message, and at last of all there is; of a body in the wire's form.

    Messages of one role in a row are one message, as they are to the vendor.
    """
    running = hashlib.blake2b(digest_size=12)
    _feed(running, "tools", body.get("tools") or ())
    _feed(running, "system", _blocks(body.get("system")))
    digests, role = [], ""
    for message in body["messages"]:
        digests.append(running.hexdigest())
        kind = "" if message["role"] == role else message["role"]
        role = message["role"]
        _feed(running, kind, _blocks(message["content"]))
    return [*digests, running.hexdigest()]


def _feed(running: Any, kind: str, blocks: Sequence[Mapping[str, Any]]) -> None:
    """Adds blocks to a running digest; `kind` "" goes on with what is before."""
    if kind:
        running.update(f"\n{kind}:".encode())
    for block in blocks:
        if block.get("type") not in _NOT_BOUND:
            told = {key: value for key, value in block.items() if key != "cache_control" and value is not None}
            running.update(orjson.dumps(told, option=orjson.OPT_SORT_KEYS) + b"\n")


def _blocks(content: Any) -> Sequence[Mapping[str, Any]]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content or ()


def _thoughts(body: CountBody) -> Iterator[tuple[int, int, ThinkingBlock | RedactedThinkingBlock]]:
    for number, message in enumerate(body.messages):
        for place, block in enumerate(message.content):
            if isinstance(block, ThinkingBlock | RedactedThinkingBlock):
                yield number, place, block


def _check_first_block(body: CountBody, *, model: ServedClaude) -> None:
    """With a thinking budget, the turn of a tool call begins with the thought that led to it."""
    if body.thinking is None or body.thinking.type != "enabled" or not model.strict_seals or len(body.messages) < 2:
        return
    number = len(body.messages) - 2
    content = body.messages[number].content
    if any(isinstance(block, ToolUseBlock) for block in content) and content[0].type not in _NOT_BOUND:
        raise bad_request(
            f"messages.{number}.content.0.type: Expected `thinking` or `redacted_thinking`, but found "
            f"`{content[0].type}`. When `thinking` is enabled, a final `assistant` message must start with a thinking "
            "block (preceeding the lastmost set of `tool_use` and `tool_result` blocks). To avoid this requirement, "
            "disable `thinking`."
        )


def _may_drop(body: CountBody, *, headers: Mapping[str, str]) -> bool:
    """Whether the client wants blocks dropped that do not fit, in place of an error."""
    binding = (body.thinking.block_binding if body.thinking else None) or {}
    asked = binding.get("prefix_mismatch_behavior") == "drop_block"
    return asked and DROP_BETA in headers.get("anthropic-beta", "")


def _seal_of(block: ThinkingBlock | RedactedThinkingBlock) -> Seal | None:
    return read_seal(block.signature if isinstance(block, ThinkingBlock) else block.data)


def _field(block: ThinkingBlock | RedactedThinkingBlock) -> str:
    return "signature" if isinstance(block, ThinkingBlock) else "data"


def _changed(at: str) -> WireError:
    return bad_request(
        f"{at}: `thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified. These "
        "blocks must remain as they were in the original response."
    )


def _unbound(at: str, *, kind: str) -> WireError:
    """In words of our own: the vendor's are not known."""
    return bad_request(
        f"{at}: this `{kind}` block is bound to the conversation before it, which was modified since. Restore it, or "
        "remove the thinking blocks of every turn after the change."
    )
