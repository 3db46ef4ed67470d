"""How the same answer looks on each wire, byte for byte, so that one suite can hold all adapters to one contract."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Protocol

import httpx2

from agents.llm.messages import Usage
from agents.llm.providers.anthropic import AnthropicMessages
from agents.llm.providers.base import ChatModel
from agents.llm.providers.openai_chat import OpenAIChat
from agents.llm.providers.openai_responses import OpenAIResponses

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


@dataclass(frozen=True)
class ResponsesWire:
    name: str = "responses"

    def model(self, *, http_client: httpx2.AsyncClient, url: str) -> ChatModel:
        return OpenAIResponses(
            http_client=http_client, base_url=f"{url}/v1", api_key=KEY, name="Provider", clock=lambda: NOW
        )

    def start(self) -> bytes:
        response: dict[str, Any] = {
            "id": "resp_1",
            "object": "response",
            "status": "in_progress",
            "error": None,
            "output": [],
        }
        return event("response.created", response=response) + event("response.in_progress", response=response)

    def text(self, text: str) -> bytes:
        return event("response.output_text.delta", item_id="msg_1", output_index=9, content_index=0, delta=text)

    def reasoning(self, text: str) -> bytes:
        return event(
            "response.reasoning_summary_text.delta", item_id="rs_1", output_index=8, summary_index=0, delta=text
        )

    def call(self, number: int, *, id: str, name: str, arguments: list[str]) -> bytes:
        item = {"type": "function_call", "id": f"fc_{number}", "call_id": id, "name": name, "arguments": ""}
        place = {"item_id": f"fc_{number}", "output_index": 10 + number}
        whole = "".join(arguments)
        return b"".join(
            [
                event("response.output_item.added", output_index=10 + number, item=item | {"status": "in_progress"}),
                *(event("response.function_call_arguments.delta", delta=piece, **place) for piece in arguments),
                event("response.function_call_arguments.done", name=name, arguments=whole, **place),
                event(
                    "response.output_item.done",
                    output_index=10 + number,
                    item=item | {"status": "completed", "arguments": whole},
                ),
            ]
        )

    def finish(self, reason: str, *, usage: bool = True) -> bytes:
        why = {"length": "max_output_tokens", "refusal": "content_filter"}.get(reason)
        counted = {
            "input_tokens": 60,
            "input_tokens_details": {"cached_tokens": 40, "cache_write_tokens": 10},
            "output_tokens": 7,
            "output_tokens_details": {"reasoning_tokens": 3},
            "total_tokens": 67,
        }
        status = "incomplete" if why else "completed"
        response = {
            "id": "resp_1",
            "object": "response",
            "status": status,
            "error": None,
            "incomplete_details": {"reason": why} if why else None,
            "usage": counted if usage else None,
        }
        return event(f"response.{status}", response=response)

    def end(self) -> bytes:
        return b""

    def broken_json(self) -> bytes:
        return b'event: response.output_text.delta\ndata: {"type":\n\n'

    def error_event(self, kind: str, text: str) -> bytes:
        return event("error", code=kind, message=text, param=None)

    def error_body(self, kind: str, text: str, code: str | None) -> dict[str, Any]:
        return {"error": {"message": text, "type": kind, "param": None, "code": code}}


WIRES: tuple[Wire, ...] = (MessagesWire(), ChatCompletionsWire(), ResponsesWire())


def event(kind: str, **fields: Any) -> bytes:
    """One event of the Messages wire, or of the Responses wire."""
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def data(payload: object) -> bytes:
    """One line of the Chat Completions wire."""
    return f"data: {json.dumps(payload)}\n\n".encode()


def chunk(delta: dict[str, Any] | None, *, finish_reason: str | None = None, **more: Any) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return data({**head, "choices": [choice], **more})
