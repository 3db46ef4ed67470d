"""Writes a reply of Chat Completions, as a stream of chunks or as one document."""

from __future__ import annotations

from typing import Any

import orjson

from agents.llm.events import FinishReason, TextDelta, ToolCallDelta
from agents.sandbox.performance import Act, Began, Broke, Ended
from agents.sandbox.request import SandboxRequest
from agents.sandbox.script.beats import Quirk
from agents.sandbox.wire.base import WireError, sse_event
from agents.sandbox.wire.openai_caching import cached_details
from agents.sandbox.wire.openai_errors import error_body

_FINISH_REASONS: dict[FinishReason, str] = {
    "stop": "stop",
    "tool_calls": "tool_calls",
    "length": "length",
    "refusal": "content_filter",
    "context_window": "length",
}
_KEEP_ALIVE = b": keep-alive\n\n"
_DONE = b"data: [DONE]\n\n"
_BROKEN_CHUNK = b'data: {"id":"chatcmpl","object":"chat.completion.chunk","choi\n\n'
_OVERLOADED = WireError(
    status=200, type="server_error", code="server_is_overloaded", message="The server is currently overloaded."
)


class ChatStream:
    """Server-sent events without names, ended by `[DONE]`."""

    def __init__(self, request: SandboxRequest, *, reply_id: str, created: int, quirks: frozenset[Quirk]) -> None:
        self._request = request
        self._quirks = quirks
        self._with_usage = request.include_usage and "no_usage" not in quirks
        self._head = {**document_head(request, reply_id=reply_id, created=created), "object": "chat.completion.chunk"}

    def write(self, act: Act) -> bytes:
        match act:
            case Began():
                return self._chunk({"role": "assistant", "content": "", "refusal": None})
            case TextDelta():
                return self._chunk({"content": act.text})
            case ToolCallDelta():
                return self._chunk({"tool_calls": [self._call(act)]})
            case Ended():
                return self._end(act)
            case Broke():
                return _BROKEN_CHUNK if act.kind == "bad_json" else sse_event(error_body(_OVERLOADED))
            case _:  # a thought is hidden on this wire
                return b""

    def close(self) -> bytes:
        return b""

    def _call(self, act: ToolCallDelta) -> dict[str, Any]:
        """A piece of a tool call; id and name come with the first piece only."""
        index = {} if "no_index" in self._quirks else {"index": 0 if "same_index" in self._quirks else act.index}
        function = {"arguments": act.arguments}
        if not act.id:
            return {**index, "function": function}
        named = {"name": act.name, **function}
        return {**index, "id": "call_" + act.id, "type": "function", "function": named}

    def _end(self, act: Ended) -> bytes:
        counted = usage(self._request, act=act) if self._with_usage else None
        early = "usage_early" in self._quirks
        last = self._chunk({}, finish_reason=_FINISH_REASONS[act.reason], counted=counted if early else None)
        if counted and not early:
            last += sse_event({**self._head, "choices": [], "usage": counted})
        return last if "no_done" in self._quirks else last + _DONE

    def _chunk(
        self, delta: dict[str, Any], *, finish_reason: str | None = None, counted: dict[str, Any] | None = None
    ) -> bytes:
        noisy = "extra_keys" in self._quirks
        extra = {"reasoning_content": None, "x_gateway": {"shard": 7}} if noisy else {}
        choice = {"index": 0, "delta": {**delta, **extra}, "logprobs": None, "finish_reason": finish_reason}
        usage_key = {"usage": counted} if self._with_usage else {}
        chunk = sse_event({**self._head, "choices": [choice], **usage_key, **extra})
        return _KEEP_ALIVE + chunk if noisy else chunk


class ChatDocument:
    """One JSON document, written when the reply has ended; a reply that broke is torn."""

    def __init__(self, request: SandboxRequest, *, reply_id: str, created: int, quirks: frozenset[Quirk]) -> None:
        self._request = request
        self._quirks = quirks
        self._head = document_head(request, reply_id=reply_id, created=created)
        self._text = ""
        self._calls: list[dict[str, Any]] = []
        self._end: Ended | None = None
        self._error = b""

    def write(self, act: Act) -> bytes:
        match act:
            case TextDelta():
                self._text += act.text
            case ToolCallDelta():
                self._add_call(act)
            case Ended():
                self._end = act
            case Broke(kind="error_event"):
                self._error = orjson.dumps(error_body(_OVERLOADED))
        return b""

    def close(self) -> bytes:
        if self._error:
            return self._error
        if self._end is None:
            return orjson.dumps({**self._head, "choices": []})[:-20]
        message: dict[str, Any] = {
            "role": "assistant",
            "content": self._text or None,
            "refusal": None,
            "annotations": [],
        }
        message |= {"tool_calls": self._calls} if self._calls else {}
        finish = _FINISH_REASONS[self._end.reason]
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
        counted = usage(self._request, act=self._end)
        extra = {} if "no_usage" in self._quirks else {"usage": counted}
        return orjson.dumps({**self._head, "choices": [choice], **extra})

    def _add_call(self, act: ToolCallDelta) -> None:
        if act.id:
            function = {"name": act.name, "arguments": ""}
            self._calls.append({"id": "call_" + act.id, "type": "function", "function": function})
        self._calls[-1]["function"]["arguments"] += act.arguments


def document_head(request: SandboxRequest, *, reply_id: str, created: int) -> dict[str, Any]:
    return {
        "id": "chatcmpl-" + reply_id,
        "object": "chat.completion",
        "created": created,
        "model": request.model.id,
        "service_tier": "default",
        "system_fingerprint": "fp_sandbox",
    }


def usage(request: SandboxRequest, *, act: Ended) -> dict[str, Any]:
    return {
        "prompt_tokens": request.input_tokens,
        "completion_tokens": act.output_tokens,
        "total_tokens": request.input_tokens + act.output_tokens,
        "prompt_tokens_details": {**cached_details(request.cached, model=request.model), "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": act.thought_tokens,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }
