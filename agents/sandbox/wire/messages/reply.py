"""Writes a reply of the Messages API, as a stream of named events or as one document."""

from __future__ import annotations

from typing import Any

import orjson

from agents.llm.events import FinishReason, TextDelta, ToolCallDelta
from agents.sandbox.performance import Act, Began, Broke, Ended, ThoughtDelta, ThoughtEnded
from agents.sandbox.request import SandboxRequest
from agents.sandbox.script.beats import Quirk
from agents.sandbox.wire.base import WireError, sse_event
from agents.sandbox.wire.messages.errors import error_body
from agents.sandbox.wire.messages.thought import ThoughtBlock

_STOP_REASONS: dict[FinishReason, str] = {
    "stop": "end_turn",
    "tool_calls": "tool_use",
    "length": "max_tokens",
    "refusal": "refusal",
    "context_window": "model_context_window_exceeded",
}
_NO_INPUT = "{}"
_BROKEN_EVENT = b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"del\n\n'


class MessagesStream:
    """Server-sent events. Knows the block that is open, since every piece of a reply lies in a block."""

    def __init__(self, request: SandboxRequest, *, reply_id: str, quirks: frozenset[Quirk]) -> None:
        self._request = request
        self._reply_id = reply_id
        self._quirks = quirks
        self._block = -1
        self._open: str | None = None
        """What is open: "text", "thought", or the number of a tool call."""
        self._thought = ThoughtBlock(request, quirks=quirks)

    def write(self, act: Act) -> bytes:
        match act:
            case Began():
                return self._event("message_start", message=self._envelope()) + self._event("ping")
            case TextDelta():
                start = self._opened("text", {"type": "text", "text": ""})
                return start + self._delta({"type": "text_delta", "text": act.text})
            case ThoughtDelta() | ThoughtEnded():
                return self._think(act)
            case ToolCallDelta():
                return self._call(act)
            case Ended():
                return self._end(act)
            case Broke():
                return self._break(act)

    def close(self) -> bytes:
        return b""

    def _envelope(self) -> dict[str, Any]:
        envelope = message_envelope(self._request, reply_id=self._reply_id)
        return envelope if "no_usage" in self._quirks else {**envelope, "usage": usage(self._request, output_tokens=1)}

    def _think(self, act: ThoughtDelta | ThoughtEnded) -> bytes:
        """A thought that is cut off never gets its signature."""
        if isinstance(act, ThoughtEnded):
            signature = self._thought.signature()
            deltas = [] if self._thought.redacted else [{"type": "signature_delta", "signature": signature}]
            return b"".join(map(self._delta, deltas)) + self._closed()
        start = self._opened("thought", self._thought.begun())
        shown = self._thought.said(act.text)
        return start + (self._delta({"type": "thinking_delta", "thinking": shown}) if shown else b"")

    def _call(self, act: ToolCallDelta) -> bytes:
        """The first piece of a call opens its block; a call without arguments gets no piece with text."""
        block = {"type": "tool_use", "id": "toolu_01" + act.id, "name": act.name, "input": {}}
        start = self._opened(str(act.index), block)
        arguments = "" if act.arguments == _NO_INPUT else act.arguments
        if not (start or arguments):
            return b""
        return start + self._delta({"type": "input_json_delta", "partial_json": arguments})

    def _end(self, act: Ended) -> bytes:
        delta = ending(act)
        counted = {} if "no_usage" in self._quirks else {"usage": output_usage(act)}
        return self._closed() + self._event("message_delta", delta=delta, **counted) + self._event("message_stop")

    def _break(self, act: Broke) -> bytes:
        if act.kind == "bad_json":
            return _BROKEN_EVENT
        overloaded = WireError(status=200, type="overloaded_error", message="Overloaded")
        return sse_event(error_body(overloaded, request_id="req_" + self._reply_id), event="error")

    def _opened(self, what: str, block: dict[str, Any]) -> bytes:
        if self._open == what:
            return b""
        closed = self._closed()
        self._open, self._block = what, self._block + 1
        return closed + self._event("content_block_start", index=self._block, content_block=block)

    def _closed(self) -> bytes:
        if self._open is None:
            return b""
        self._open = None
        return self._event("content_block_stop", index=self._block)

    def _delta(self, delta: dict[str, Any]) -> bytes:
        return self._event("content_block_delta", index=self._block, delta=delta)

    def _event(self, event: str, **data: Any) -> bytes:
        return sse_event({"type": event, **data}, event="" if "no_event_name" in self._quirks else event)


class MessagesDocument:
    """One JSON document, written when the reply has ended; a reply that broke is torn."""

    def __init__(self, request: SandboxRequest, *, reply_id: str, quirks: frozenset[Quirk]) -> None:
        self._request = request
        self._reply_id = reply_id
        self._quirks = quirks
        self._content: list[dict[str, Any]] = []
        self._thought = ThoughtBlock(request, quirks=quirks)
        self._end: Ended | None = None
        self._error = b""

    def write(self, act: Act) -> bytes:
        match act:
            case ThoughtDelta() | ThoughtEnded():
                self._add_thought(act)
            case TextDelta():
                self._add_text(act.text)
            case ToolCallDelta():
                self._add_call(act)
            case Ended():
                self._end = act
            case Broke(kind="error_event"):
                overloaded = WireError(status=200, type="overloaded_error", message="Overloaded")
                self._error = orjson.dumps(error_body(overloaded, request_id="req_" + self._reply_id))
        return b""

    def close(self) -> bytes:
        if self._error:
            return self._error
        content = [_with_input(block) for block in self._content]
        document = {**message_envelope(self._request, reply_id=self._reply_id), "content": content}
        if self._end is None:
            return orjson.dumps(document)[:-20]
        counted = usage(self._request, output_tokens=0) | output_usage(self._end)
        document |= ending(self._end) | ({} if "no_usage" in self._quirks else {"usage": counted})
        return orjson.dumps(document)

    def _add_thought(self, act: ThoughtDelta | ThoughtEnded) -> None:
        if not self._content:
            self._content.append(self._thought.begun())
        block = self._content[-1]
        if self._thought.redacted:
            return
        if isinstance(act, ThoughtEnded):
            block["signature"] = self._thought.signature()
        else:
            block["thinking"] += self._thought.said(act.text)

    def _add_text(self, text: str) -> None:
        if not self._content or self._content[-1]["type"] != "text":
            self._content.append({"type": "text", "text": ""})
        self._content[-1]["text"] += text

    def _add_call(self, act: ToolCallDelta) -> None:
        if act.id:
            self._content.append({"type": "tool_use", "id": "toolu_01" + act.id, "name": act.name, "input": ""})
        self._content[-1]["input"] += act.arguments


def _with_input(block: dict[str, Any]) -> dict[str, Any]:
    """A call's arguments as an object; {} where they were cut short."""
    if block["type"] != "tool_use":
        return block
    try:
        return {**block, "input": orjson.loads(block["input"])}
    except orjson.JSONDecodeError:
        return {**block, "input": {}}


def message_envelope(request: SandboxRequest, *, reply_id: str) -> dict[str, Any]:
    return {
        "id": "msg_01" + reply_id,
        "type": "message",
        "role": "assistant",
        "model": request.model.id,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }


def output_usage(act: Ended) -> dict[str, Any]:
    thought = {"output_tokens_details": {"thinking_tokens": act.thought_tokens}} if act.thought_tokens else {}
    return {"output_tokens": act.output_tokens, **thought}


def usage(request: SandboxRequest, *, output_tokens: int) -> dict[str, Any]:
    """`input_tokens` is what was neither read from the cache nor written to it."""
    use = request.cached
    return {
        "input_tokens": request.input_tokens - use.read - use.written,
        "cache_creation_input_tokens": use.written,
        "cache_read_input_tokens": use.read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": use.written - use.written_long,
            "ephemeral_1h_input_tokens": use.written_long,
        },
        "output_tokens": output_tokens,
        "service_tier": "standard",
    }


def ending(act: Ended) -> dict[str, Any]:
    """Why the reply ended: stop_reason and what belongs to it."""
    reason = "stop_sequence" if act.stop_sequence else _STOP_REASONS[act.reason]
    details = {"stop_details": {"type": "refusal", "category": "general_harms", "explanation": None}}
    extra = details if act.reason == "refusal" else {}
    return {"stop_reason": reason, "stop_sequence": act.stop_sequence or None, **extra}
