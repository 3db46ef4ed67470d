"""The events of an OpenAI Responses stream -> our events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from agents.llm.clean_text import PieceCleaner
from agents.llm.events import CallFinished, FinishReason, ModelEvent, ReasoningDelta, TextDelta
from agents.llm.messages import Usage
from agents.llm.providers.openai_responses_calls import FunctionCalls
from agents.llm.providers.openai_responses_reasoning import signature_of
from agents.llm.providers.streaming import ReportedFailure

Fields = Mapping[str, Any]
"""A JSON object as it came. Any field may be missing or null; one of a wrong type raises, and so ends the stream."""

_INCOMPLETE: dict[str, FinishReason] = {"content_filter": "refusal"}
"""Every other reason (the cap, and new ones) means that the reply was cut."""


class OpenAIResponsesFold:
    """Folds the events of one answer, in their order on the wire. `model` is whom its reasoning belongs to."""

    def __init__(self, *, model: str) -> None:
        self.complete = False
        self._model = model
        self._finish_reason: FinishReason | None = None
        self._refused = False
        self._usage: Usage | None = None
        self._text = PieceCleaner()
        self._reasoning = PieceCleaner()
        self._calls = FunctionCalls()
        self._said = self._thought = False

    def feed(self, chunk: Fields) -> Iterator[ModelEvent]:
        """Unknown kinds of events and items are passed over: the API adds some without a new version."""
        match chunk.get("type"):
            case "response.output_item.added":
                yield from self._begin(chunk)
            case "response.output_item.done":
                yield from self._end(chunk)
            case "response.function_call_arguments.done":
                yield from self._calls.whole(chunk)
            case "response.completed" | "response.incomplete" | "response.done":
                self._close(chunk)
            case "response.failed" | "response.cancelled" | "error":
                raise ReportedFailure(chunk.get("error") or (chunk.get("response") or chunk).get("error") or chunk)
            case kind:
                yield from self._delta(kind, chunk)

    def _delta(self, kind: object, chunk: Fields) -> Iterator[ModelEvent]:
        match kind:
            case "response.output_text.delta":
                yield from self._say(chunk.get("delta") or "")
            case "response.refusal.delta":
                self._refused = True
                yield from self._say(chunk.get("delta") or "")
            case "response.reasoning_summary_text.delta" | "response.reasoning_text.delta":
                yield from self._think(chunk.get("delta") or "")
            case "response.reasoning_summary_part.added" if self._thought:
                yield from self._think("\n\n")
            case "response.function_call_arguments.delta":
                yield from self._calls.piece(chunk)

    def finish(self, *, request_id: str) -> CallFinished | None:
        if self._finish_reason is None or self._calls.any_nameless:
            return None
        reason = self._finish_reason
        if reason == "stop":
            reason = "tool_calls" if self._calls.any_told else "refusal" if self._refused else "stop"
        return CallFinished(finish_reason=reason, usage=self._usage, request_id=request_id)

    def _begin(self, chunk: Fields) -> Iterator[ModelEvent]:
        match chunk["item"].get("type"):
            case "function_call":
                yield from self._calls.begin(chunk)
            case "message":
                self._said = False
            case "reasoning":
                self._thought = False

    def _end(self, chunk: Fields) -> Iterator[ModelEvent]:
        item = chunk["item"]
        match item.get("type"):
            case "function_call":
                yield from self._calls.end(chunk)
            case "message" if not self._said:
                yield from self._whole_message(item)
            case "reasoning":
                yield from self._whole_reasoning(item)

    def _whole_message(self, item: Fields) -> Iterator[ModelEvent]:
        """For servers that do not stream the text of an item."""
        for part in item.get("content") or ():
            self._refused = self._refused or part.get("type") == "refusal"
            yield from self._say(part.get("text") or part.get("refusal") or "")
        self._said = False

    def _whole_reasoning(self, item: Fields) -> Iterator[ModelEvent]:
        if not self._thought:
            yield from self._think("\n\n".join(part.get("text") or "" for part in item.get("summary") or ()))
        self._thought = False
        if signature := signature_of(item):
            yield ReasoningDelta(signature=signature, origin=self._model)

    def _say(self, text: str) -> Iterator[ModelEvent]:
        if shown := self._text.clean(text):
            self._said = True
            yield TextDelta(text=shown)

    def _think(self, text: str) -> Iterator[ModelEvent]:
        if shown := self._reasoning.clean(text):
            self._thought = True
            yield ReasoningDelta(text=shown)

    def _close(self, chunk: Fields) -> None:
        response = chunk.get("response") or {}
        self._usage = _usage(response.get("usage") or {})
        if chunk["type"] == "response.incomplete" or response.get("status") == "incomplete":
            why = (response.get("incomplete_details") or {}).get("reason") or ""
            self._finish_reason = _INCOMPLETE.get(why, "length")
        else:
            self._finish_reason = "stop"
        self.complete = True


def _usage(usage: Fields) -> Usage | None:
    """`input_tokens` includes the cached ones already. Zero on both sides comes from a server that did not count."""
    taken, given = usage.get("input_tokens") or 0, usage.get("output_tokens") or 0
    if not taken and not given:
        return None
    of_input = usage.get("input_tokens_details") or {}
    of_output = usage.get("output_tokens_details") or {}
    return Usage(
        input_tokens=taken,
        output_tokens=given,
        cache_read_tokens=of_input.get("cached_tokens") or 0,
        cache_write_tokens=of_input.get("cache_write_tokens") or 0,
        reasoning_tokens=of_output.get("reasoning_tokens") or 0,
    )
