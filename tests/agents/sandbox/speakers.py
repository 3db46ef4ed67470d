"""The SDKs behind one face, so that a test can say the same on every wire."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import anthropic
import openai

from tests.agents.sandbox.stage import Stage


@dataclass(kw_only=True)
class Call:
    id: str
    name: str
    arguments: str = ""


@dataclass(kw_only=True)
class Heard:
    """What has arrived of a reply so far. `usage` is (input tokens, output tokens); `error` is the code of an error
    that the SDK does not raise."""

    text: str = ""
    calls: list[Call] = field(default_factory=list)
    finish: str | None = None
    usage: tuple[int, int] | None = None
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class Tool:
    name: str
    parameters: dict[str, Any]
    description: str = ""


PLAIN_TOOL = Tool(name="noop", parameters={"type": "object", "properties": {}})
QUERY_TOOL = Tool(
    name="query",
    parameters={"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]},
)


class Hearing(Protocol):
    """A reply that is being streamed: iterate over it, and look at what was heard."""

    heard: Heard

    def __aiter__(self) -> AsyncIterator[Heard]: ...

    async def close(self) -> None: ...


class Speaker(Protocol):
    """Asks for replies. `history` is in the wire's own form."""

    name: str
    model: str
    path: str

    async def ask(
        self,
        text: str,
        *,
        history: Sequence[Any] = (),
        tools: Sequence[Tool] = (),
        forbid_tools: bool = False,
        **more: Any,
    ) -> Hearing: ...

    def answered(self, text: str, *, heard: Heard, results: Sequence[str]) -> list[Any]: ...


async def hear(speaker: Speaker, text: str, **more: Any) -> Heard:
    """The whole reply."""
    hearing = await speaker.ask(text, **more)
    async for _ in hearing:
        pass
    return hearing.heard


class MessagesHearing:
    def __init__(self, stream: anthropic.AsyncStream[anthropic.types.RawMessageStreamEvent]) -> None:
        self._stream = stream
        self.heard = Heard()

    async def __aiter__(self) -> AsyncIterator[Heard]:
        async for event in self._stream:
            self._take(event)
            yield self.heard

    def _take(self, event: anthropic.types.RawMessageStreamEvent) -> None:
        match event.type:
            case "message_start" if event.message.usage is not None:
                self.heard.usage = (event.message.usage.input_tokens, event.message.usage.output_tokens)
            case "content_block_start" if event.content_block.type == "tool_use":
                self.heard.calls.append(Call(id=event.content_block.id, name=event.content_block.name))
            case "content_block_delta" if event.delta.type == "text_delta":
                self.heard.text += event.delta.text
            case "content_block_delta" if event.delta.type == "input_json_delta":
                self.heard.calls[-1].arguments += event.delta.partial_json
            case "message_delta":
                self.heard.finish = event.delta.stop_reason
                if event.usage is not None and self.heard.usage is not None:
                    self.heard.usage = (self.heard.usage[0], event.usage.output_tokens)

    async def close(self) -> None:
        await self._stream.close()


class MessagesSpeaker:
    name = "messages"
    model = "sandbox-claude"
    path = "/v1/messages"

    def __init__(self, stage: Stage) -> None:
        self.sdk = anthropic.AsyncAnthropic(auth_token="any", max_retries=0, base_url=stage.url, http_client=stage.http)

    async def ask(
        self,
        text: str,
        *,
        history: Sequence[Any] = (),
        tools: Sequence[Tool] = (),
        forbid_tools: bool = False,
        **more: Any,
    ) -> MessagesHearing:
        if tools:
            more["tools"] = [
                {"name": tool.name, "description": tool.description, "input_schema": tool.parameters} for tool in tools
            ]
        if forbid_tools:
            more["tool_choice"] = {"type": "none"}
        messages = [*history, {"role": "user", "content": text}] if text else list(history)
        arguments = {"model": self.model, "max_tokens": 4_000, "messages": messages, **more}
        return MessagesHearing(await self.sdk.messages.create(stream=True, **arguments))

    def answered(self, text: str, *, heard: Heard, results: Sequence[str]) -> list[Any]:
        said = [{"type": "text", "text": heard.text}] if heard.text else []
        calls = [
            {"type": "tool_use", "id": call.id, "name": call.name, "input": json.loads(call.arguments or "{}")}
            for call in heard.calls
        ]
        answers = [
            {"type": "tool_result", "tool_use_id": call.id, "content": result}
            for call, result in zip(heard.calls, results, strict=True)
        ]
        asked = [{"role": "user", "content": text}] if text else []
        return [
            *asked,
            {"role": "assistant", "content": said + calls},
            *([{"role": "user", "content": answers}] if answers else []),
        ]


class ChatHearing:
    def __init__(self, stream: openai.AsyncStream[openai.types.chat.ChatCompletionChunk]) -> None:
        self._stream = stream
        self.heard = Heard()

    async def __aiter__(self) -> AsyncIterator[Heard]:
        async for chunk in self._stream:
            self._take(chunk)
            yield self.heard

    def _take(self, chunk: openai.types.chat.ChatCompletionChunk) -> None:
        if chunk.usage is not None:
            self.heard.usage = (chunk.usage.prompt_tokens, chunk.usage.completion_tokens)
        for choice in chunk.choices:
            self.heard.text += choice.delta.content or ""
            self.heard.finish = choice.finish_reason or self.heard.finish
            for piece in choice.delta.tool_calls or []:
                assert piece.function is not None
                if piece.id:
                    self.heard.calls.append(Call(id=piece.id, name=piece.function.name or ""))
                self.heard.calls[-1].arguments += piece.function.arguments or ""

    async def close(self) -> None:
        await self._stream.close()


class ChatSpeaker:
    name = "chat completions"
    model = "sandbox-gpt"
    path = "/v1/chat/completions"

    def __init__(self, stage: Stage) -> None:
        self.sdk = openai.AsyncOpenAI(api_key="any", max_retries=0, base_url=stage.url + "/v1", http_client=stage.http)

    async def ask(
        self,
        text: str,
        *,
        history: Sequence[Any] = (),
        tools: Sequence[Tool] = (),
        forbid_tools: bool = False,
        **more: Any,
    ) -> ChatHearing:
        if tools:
            functions = [
                {"name": tool.name, "description": tool.description, "parameters": tool.parameters} for tool in tools
            ]
            more["tools"] = [{"type": "function", "function": function} for function in functions]
        if forbid_tools:
            more["tool_choice"] = "none"
        messages = [*history, {"role": "user", "content": text}] if text else list(history)
        arguments = {"model": self.model, "stream_options": {"include_usage": True}, "messages": messages, **more}
        return ChatHearing(await self.sdk.chat.completions.create(stream=True, **arguments))

    def answered(self, text: str, *, heard: Heard, results: Sequence[str]) -> list[Any]:
        calls = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in heard.calls
        ]
        answers = [
            {"role": "tool", "tool_call_id": call.id, "content": result}
            for call, result in zip(heard.calls, results, strict=True)
        ]
        said: dict[str, Any] = {"role": "assistant", "content": heard.text or None}
        asked = [{"role": "user", "content": text}] if text else []
        return [*asked, {**said, **({"tool_calls": calls} if calls else {})}, *answers]


class ResponsesHearing:
    """Says `finish` in the words of Chat Completions, so that tests need not know both."""

    def __init__(self, stream: openai.AsyncStream[openai.types.responses.ResponseStreamEvent]) -> None:
        self._stream = stream
        self.heard = Heard()

    async def __aiter__(self) -> AsyncIterator[Heard]:
        async for event in self._stream:
            self._take(event)
            yield self.heard

    def _take(self, event: openai.types.responses.ResponseStreamEvent) -> None:
        match event.type:
            case "response.output_text.delta":
                self.heard.text += event.delta
            case "response.output_item.added" if event.item.type == "function_call":
                self.heard.calls.append(Call(id=event.item.call_id, name=event.item.name))
            case "response.function_call_arguments.delta":
                self.heard.calls[-1].arguments += event.delta
            case "error":
                self.heard.error = event.code or ""
            case "response.failed":
                self.heard.error = event.response.error.code if event.response.error else ""
            case "response.completed":
                self._end(event.response, finish="tool_calls" if self.heard.calls else "stop")
            case "response.incomplete":
                details = event.response.incomplete_details
                reason = details.reason if details else None
                self._end(event.response, finish="length" if reason == "max_output_tokens" else str(reason))

    def _end(self, response: openai.types.responses.Response, *, finish: str) -> None:
        self.heard.finish = finish
        if response.usage is not None:
            self.heard.usage = (response.usage.input_tokens, response.usage.output_tokens)

    async def close(self) -> None:
        await self._stream.close()


class ResponsesSpeaker:
    name = "responses"
    model = "sandbox-gpt"
    path = "/v1/responses"

    def __init__(self, stage: Stage) -> None:
        self.sdk = openai.AsyncOpenAI(api_key="any", max_retries=0, base_url=stage.url + "/v1", http_client=stage.http)

    async def ask(
        self,
        text: str,
        *,
        history: Sequence[Any] = (),
        tools: Sequence[Tool] = (),
        forbid_tools: bool = False,
        **more: Any,
    ) -> ResponsesHearing:
        if tools:
            functions = [
                {"name": tool.name, "description": tool.description, "parameters": tool.parameters} for tool in tools
            ]
            more["tools"] = [{"type": "function", "strict": None, **function} for function in functions]
        if forbid_tools:
            more["tool_choice"] = "none"
        if "max_tokens" in more:
            more["max_output_tokens"] = more.pop("max_tokens")
        items = [*history, {"role": "user", "content": text}] if text else list(history)
        arguments = {"model": self.model, "store": False, "input": items, **more}
        return ResponsesHearing(await self.sdk.responses.create(stream=True, **arguments))

    def answered(self, text: str, *, heard: Heard, results: Sequence[str]) -> list[Any]:
        said = [{"role": "assistant", "content": heard.text}] if heard.text else []
        calls = [
            {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": call.arguments}
            for call in heard.calls
        ]
        answers = [
            {"type": "function_call_output", "call_id": call.id, "output": result}
            for call, result in zip(heard.calls, results, strict=True)
        ]
        asked = [{"role": "user", "content": text}] if text else []
        return [*asked, *said, *calls, *answers]
