"""The chunks of an Anthropic Messages stream -> events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from agents.llm.clean_text import PieceCleaner
from agents.llm.events import (
    CallAdmitted,
    CallFinished,
    FinishReason,
    ModelEvent,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
)
from agents.llm.messages import Usage
from agents.llm.providers.anthropic_thinking import ThinkingBlock, redacted_signature

_FINISH_REASONS: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "refusal": "refusal",
    "model_context_window_exceeded": "context_window",
    # Only the provider's own server tools pause a turn, and we never send any. Were it to come, the answer would be
    # unfinished, which "stop" would hide.
    "pause_turn": "length",
}
_USAGE_FIELDS = ("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")


class _ToolBlock:
    """One `tool_use` block. `whole_input` is what came with its start, for gateways that do not stream it."""

    def __init__(self, *, index: int, whole_input: object) -> None:
        self.index = index
        self.whole_input = whole_input
        self.cleaner = PieceCleaner()

    def piece(self, text: str) -> Iterator[ModelEvent]:
        if text:
            self.whole_input = None
            yield ToolCallDelta(index=self.index, arguments=self.cleaner.clean(text))

    def end(self) -> Iterator[ModelEvent]:
        if self.whole_input:
            yield from self.piece(orjson.dumps(self.whole_input).decode())


class AnthropicFold:
    """Folds raw stream events, in their order on the wire. One answer each. `model` is whom its thinking belongs to."""

    def __init__(self, *, model: str) -> None:
        self._model = model
        self.complete = False
        self._stop_reason = ""
        self._tools: dict[int, _ToolBlock] = {}
        self._thoughts: dict[int, ThinkingBlock] = {}
        self._text = PieceCleaner()
        self._reasoning = PieceCleaner()
        self._usage: dict[str, int] = {}
        self._usage_is_final = False

    def feed(self, chunk: Any) -> Iterator[ModelEvent]:
        """Unknown kinds of chunks, blocks and deltas are passed over: the API adds some without a new version."""
        match chunk.type:
            case "message_start":
                self._count(chunk.message.usage)
                if self._usage:
                    yield CallAdmitted(usage=self._so_far())
            case "content_block_start":
                yield from self._start(chunk.index, chunk.content_block)
            case "content_block_delta":
                yield from self._delta(chunk.index, chunk.delta)
            case "content_block_stop":
                yield from self._stop(chunk.index)
            case "message_delta":
                self._stop_reason = chunk.delta.stop_reason or self._stop_reason
                self._usage_is_final = self._count(chunk.usage) or self._usage_is_final
            case "message_stop":
                self.complete = True

    def finish(self, *, request_id: str) -> CallFinished | None:
        if not self._stop_reason:
            return None
        reason = _FINISH_REASONS.get(self._stop_reason, "stop")
        if reason in ("stop", "tool_calls"):
            reason = "tool_calls" if self._tools else "stop"
        return CallFinished(finish_reason=reason, usage=self._total(), request_id=request_id)

    def _start(self, index: int, block: Any) -> Iterator[ModelEvent]:
        match block.type:
            case "text":
                yield from self._say(block.text)
            case "thinking":
                self._thoughts[index] = ThinkingBlock(signature=getattr(block, "signature", None) or "")
                yield from self._think(index, block.thinking)
            case "redacted_thinking":
                self._thoughts[index] = ThinkingBlock(signature=redacted_signature(block.data))
            case "tool_use":
                tool = _ToolBlock(index=len(self._tools), whole_input=block.input)
                self._tools[index] = tool
                yield ToolCallDelta(index=tool.index, id=block.id, name=block.name)

    def _delta(self, index: int, delta: Any) -> Iterator[ModelEvent]:
        match delta.type:
            case "text_delta":
                yield from self._say(delta.text)
            case "thinking_delta":
                yield from self._think(index, delta.thinking)
            case "signature_delta":
                self._thoughts.setdefault(index, ThinkingBlock()).sign(delta.signature)
            case "input_json_delta":
                yield from self._tools[index].piece(delta.partial_json)

    def _say(self, text: str) -> Iterator[ModelEvent]:
        if shown := self._text.clean(text):
            yield TextDelta(text=shown)

    def _stop(self, index: int) -> Iterator[ModelEvent]:
        if index in self._tools:
            yield from self._tools[index].end()
        elif index in self._thoughts and (signature := self._thoughts[index].signature):
            yield ReasoningDelta(signature=signature, origin=self._model)

    def _think(self, index: int, text: str) -> Iterator[ModelEvent]:
        self._thoughts.setdefault(index, ThinkingBlock()).add(text)
        if shown := self._reasoning.clean(text):
            yield ReasoningDelta(text=shown)

    def _count(self, usage: Any) -> bool:
        """Notes the totals so far: they are cumulative, a later one overwrites. True if the output was among them."""
        if usage is None:
            return False
        fresh = {name: getattr(usage, name, None) for name in _USAGE_FIELDS}
        fresh["thinking_tokens"] = getattr(getattr(usage, "output_tokens_details", None), "thinking_tokens", None)
        self._usage |= {name: value for name, value in fresh.items() if value is not None}
        return fresh["output_tokens"] is not None

    def _total(self) -> Usage | None:
        """None without a final count: the one at the start says nothing about the output."""
        return self._so_far() if self._usage_is_final else None

    def _so_far(self) -> Usage:
        written = self._usage.get("cache_creation_input_tokens", 0)
        read = self._usage.get("cache_read_input_tokens", 0)
        return Usage(
            input_tokens=self._usage.get("input_tokens", 0) + written + read,
            output_tokens=self._usage.get("output_tokens", 0),
            cache_read_tokens=read,
            cache_write_tokens=written,
            reasoning_tokens=self._usage.get("thinking_tokens", 0),
        )
