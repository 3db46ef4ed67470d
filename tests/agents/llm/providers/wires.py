"""How the same answer looks on each wire, byte for byte, so that one suite can hold both adapters to one contract."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Protocol

import httpx2

from agents.llm.messages import Usage
from agents.llm.providers.anthropic import AnthropicMessages
from agents.llm.providers.base import ChatModel
from agents.llm.providers.openai_chat import OpenAIChat

KEY = "sk-canary-0123456789"
NOW = 1_795_340_000.0
"""Unix seconds that the adapters' clock shows: 2026-11-22 09:33:20 UTC."""

USAGE = Usage(input_tokens=60, output_tokens=7, cache_read_tokens=40, cache_write_tokens=10, reasoning_tokens=3)


class Wire(Protocol):
    """Pieces of a stream as bytes. `finish` ends it with the vendor's word for a reason of ours."""

    @property
    def name(self) -> str: ...
    def model(self, *, http_client: httpx2.AsyncClient, url: str) -> ChatModel: ...
    def start(self) -> bytes: ...
    def text(self, text: str) -> bytes: ...
    def reasoning(self, text: str) -> bytes: ...
    def call(self, number: int, *, id: str, name: str, arguments: list[str]) -> bytes: ...
    def finish(self, reason: str, *, usage: bool = True) -> bytes: ...
    def end(self) -> bytes: ...
    def broken_json(self) -> bytes: ...
    def error_event(self, kind: str, text: str) -> bytes: ...
    def error_body(self, kind: str, text: str, code: str | None) -> dict[str, Any]: ...


@dataclass(frozen=True)
class MessagesWire:
    name: str = "anthropic"

    def model(self, *, http_client: httpx2.AsyncClient, url: str) -> ChatModel:
        return AnthropicMessages(http_client=http_client, base_url=url, api_key=KEY, name="Provider", clock=lambda: NOW)

    def start(self) -> bytes:
        usage = {
            "input_tokens": 10,
            "cache_creation_input_tokens": 10,
            "cache_read_input_tokens": 40,
            "output_tokens": 1,
        }
        message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [], "usage": usage}
        return event("message_start", message=message)

    def text(self, text: str) -> bytes:
        return self._block(9, {"type": "text", "text": ""}, {"type": "text_delta", "text": text})

    def reasoning(self, text: str) -> bytes:
        return self._block(
            8, {"type": "thinking", "thinking": "", "signature": ""}, {"type": "thinking_delta", "thinking": text}
        )

    def call(self, number: int, *, id: str, name: str, arguments: list[str]) -> bytes:
        start = {"type": "tool_use", "id": id, "name": name, "input": {}}
        deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in arguments]
        return self._block(10 + number, start, *deltas)

    def finish(self, reason: str, *, usage: bool = True) -> bytes:
        words = {
            "stop": "end_turn",
            "tool_calls": "tool_use",
            "length": "max_tokens",
            "refusal": "refusal",
        }
        counted = {"output_tokens": 7, "output_tokens_details": {"thinking_tokens": 3}}
        return event(
            "message_delta",
            delta={"stop_reason": words[reason], "stop_sequence": None},
            **({"usage": counted} if usage else {}),
        )

    def end(self) -> bytes:
        return event("message_stop")

    def broken_json(self) -> bytes:
        return b'event: content_block_delta\ndata: {"type":\n\n'

    def error_event(self, kind: str, text: str) -> bytes:
        return event("error", error={"type": kind, "message": text}, request_id="req_1")

    def error_body(self, kind: str, text: str, code: str | None) -> dict[str, Any]:
        details = {} if code is None else {"details": {"error_code": code}}
        return {"type": "error", "error": {"type": kind, "message": text, **details}, "request_id": "req_1"}

    def _block(self, index: int, start: dict[str, Any], *deltas: dict[str, Any]) -> bytes:
        return b"".join(
            [
                event("content_block_start", index=index, content_block=start),
                *(event("content_block_delta", index=index, delta=delta) for delta in deltas),
                event("content_block_stop", index=index),
            ]
        )


@dataclass(frozen=True)
class ChatCompletionsWire:
    name: str = "openai"

    def model(self, *, http_client: httpx2.AsyncClient, url: str) -> ChatModel:
        return OpenAIChat(
            http_client=http_client, base_url=f"{url}/v1", api_key=KEY, name="Provider", clock=lambda: NOW
        )

    def start(self) -> bytes:
        return chunk({"role": "assistant", "content": "", "refusal": None})

    def text(self, text: str) -> bytes:
        return chunk({"content": text})

    def reasoning(self, text: str) -> bytes:
        return chunk({"reasoning_content": text})

    def call(self, number: int, *, id: str, name: str, arguments: list[str]) -> bytes:
        first = {"index": number, "id": id, "type": "function", "function": {"name": name, "arguments": ""}}
        rest = [{"index": number, "function": {"arguments": piece}} for piece in arguments]
        return b"".join(chunk({"tool_calls": [piece]}) for piece in [first, *rest])

    def finish(self, reason: str, *, usage: bool = True) -> bytes:
        words = {"stop": "stop", "tool_calls": "tool_calls", "length": "length", "refusal": "content_filter"}
        counted = {
            "prompt_tokens": 60,
            "completion_tokens": 7,
            "total_tokens": 67,
            "prompt_tokens_details": {"cached_tokens": 40, "cache_write_tokens": 10},
            "completion_tokens_details": {"reasoning_tokens": 3},
        }
        last = data({"id": "chatcmpl-1", "choices": [], "usage": counted}) if usage else b""
        return chunk({}, finish_reason=words[reason]) + last

    def end(self) -> bytes:
        return b"data: [DONE]\n\n"

    def broken_json(self) -> bytes:
        return b'data: {"id":\n\n'

    def error_event(self, kind: str, text: str) -> bytes:
        return data({"error": {"message": text, "type": kind, "param": None, "code": None}})

    def error_body(self, kind: str, text: str, code: str | None) -> dict[str, Any]:
        return {"error": {"message": text, "type": kind, "param": None, "code": code}}


WIRES: tuple[Wire, ...] = (MessagesWire(), ChatCompletionsWire())


def event(kind: str, **fields: Any) -> bytes:
    """One event of the Messages wire."""
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def data(payload: object) -> bytes:
    """One line of the Chat Completions wire."""
    return f"data: {json.dumps(payload)}\n\n".encode()


def chunk(delta: dict[str, Any] | None, *, finish_reason: str | None = None, **more: Any) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return data({**head, "choices": [choice], **more})
