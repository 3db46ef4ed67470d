"""The chunks of an OpenAI Chat Completions stream -> events, tolerant of what gateways do on this wire."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from agents.llm.clean_text import PieceCleaner
from agents.llm.events import CallFinished, FinishReason, ModelEvent, ReasoningDelta, TextDelta
from agents.llm.messages import Usage
from agents.llm.providers.openai_chat_calls import ToolCallPieces

_FINISH_REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "refusal",
}
_REASONING_FIELDS = ("reasoning_content", "reasoning")
"""Not OpenAI's: what DeepSeek, vLLM and routers add to a delta."""

Fields = Mapping[str, Any]
"""A JSON object as it came. Any field may be missing or null; one of a wrong type raises, and so ends the stream."""


class OpenAIChatFold:
    """Folds the chunks of one answer. Only the first choice is read: we never ask for more."""

    def __init__(self) -> None:
        self._finish_reason = ""
        self._refused = False
        self._usage: Usage | None = None
        self._text = PieceCleaner()
        self._reasoning = PieceCleaner()
        self._calls = ToolCallPieces()

    @property
    def complete(self) -> bool:
        """The end marker is not waited for: some gateways never send it."""
        return bool(self._finish_reason) and self._usage is not None

    def feed(self, chunk: Fields) -> Iterator[ModelEvent]:
        if usage := chunk.get("usage"):
            self._usage = _usage(usage) or self._usage
        for choice in (chunk.get("choices") or ())[:1]:
            if delta := choice.get("delta"):
                yield from self._delta(delta)
            self._finish_reason = choice.get("finish_reason") or self._finish_reason

    def finish(self, *, request_id: str) -> CallFinished | None:
        if not self._finish_reason or self._calls.any_nameless:
            return None
        return CallFinished(finish_reason=self._reason(), usage=self._usage, request_id=request_id)

    def _reason(self) -> FinishReason:
        reason = _FINISH_REASONS.get(self._finish_reason, "stop")
        if reason in ("stop", "tool_calls"):
            # Gateways say "stop" although there are calls; a loop told "tool_calls" without any would turn idly.
            reason = "tool_calls" if self._calls.any_told else "stop"
        return "refusal" if self._refused and reason == "stop" else reason

    def _delta(self, delta: Fields) -> Iterator[ModelEvent]:
        thought = next((delta[name] for name in _REASONING_FIELDS if delta.get(name)), "")
        if thought and (shown := self._reasoning.clean(_plain(thought))):
            yield ReasoningDelta(text=shown)
        refusal = delta.get("refusal") or ""
        self._refused = self._refused or bool(refusal)
        if shown := self._text.clean(_plain(delta.get("content")) + refusal):
            yield TextDelta(text=shown)
        for piece in delta.get("tool_calls") or ():
            yield from self._calls.feed(piece)


def _plain(content: object) -> str:
    """The text of a delta: a string, null, or the list of text parts that some gateways send."""
    if isinstance(content, list):
        return "".join(part["text"] for part in content if part.get("type") == "text")
    return content if isinstance(content, str) else ""


def _usage(usage: Fields) -> Usage | None:
    """`prompt_tokens` includes the cached ones already. Zero on both sides comes from a server that did not count."""
    prompt, completion = usage.get("prompt_tokens") or 0, usage.get("completion_tokens") or 0
    if not prompt and not completion:
        return None
    of_prompt = usage.get("prompt_tokens_details") or {}
    of_completion = usage.get("completion_tokens_details") or {}
    return Usage(
        input_tokens=prompt,
        output_tokens=completion,
        cache_read_tokens=of_prompt.get("cached_tokens") or 0,
        cache_write_tokens=of_prompt.get("cache_write_tokens") or 0,
        reasoning_tokens=of_completion.get("reasoning_tokens") or 0,
    )
