"""Agents as they are usually written: a loop on the vendor's SDK, whose own two retries are all there is.

`token_limit` None sends the whole history. With a number the oldest messages are left out once at the beginning of each
turn, so that all fits into so many tokens; what the loop adds is not looked at again (the specification's plan).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import replace
from typing import Any

import anthropic
import httpx2
import openai
import orjson

from agents.llm.messages import Message, TextPart, ToolCall, Usage, user_text
from agents.llm.providers import anthropic_request, openai_chat_request
from agents.llm.providers.anthropic import SAMPLING_VERSION
from agents.llm.providers.base import BlockCounts, ModelRequest
from agents.llm.tokens import TokenCounter
from agents.llm.tools import run_tool
from agents.model_capabilities import capabilities_for
from agents.model_counter import counter_of, frame_tokens
from agents.models import LanguageModel, Wire
from agents.roster import Agent
from agents.setting_ranges import SettingValues
from bench.crowd import Answer, Tape, TurnFailed
from bench.playing_sandbox import ask
from bench.workload import Turn

_NOT_COUNTED = BlockCounts(instructions=0, tools=0, overhead=0, messages=())
_asking: ContextVar[int] = ContextVar("asking")


class Unpaced:
    def __init__(
        self,
        address: str,
        *,
        key: str,
        model: LanguageModel,
        agent: Agent,
        values: SettingValues,
        token_limit: int | None,
        tape: Tape,
    ) -> None:
        http = httpx2.AsyncClient(
            trust_env=False, timeout=600.0, limits=httpx2.Limits(), event_hooks={"response": [self._heard]}
        )
        self._anthropic = anthropic.AsyncAnthropic(
            base_url=address,
            api_key=key,
            http_client=http,
            default_headers={"anthropic-version": SAMPLING_VERSION},
        )
        self._openai = openai.AsyncOpenAI(base_url=f"{address}/v1", api_key=key, http_client=http)
        self._model, self._agent, self._values = model, agent, values
        self._token_limit, self._tape = token_limit, tape
        self._counter: TokenCounter = counter_of(model)
        self._held_back: set[int] = set()

    def is_queued(self) -> bool:
        """Somebody's newest try was refused."""
        return bool(self._held_back)

    async def _heard(self, response: httpx2.Response) -> None:
        change = self._held_back.add if response.status_code == 429 else self._held_back.discard
        change(_asking.get())

    def lane(self, number: int) -> Answer:
        chat, history = 0, list[Message]()

        async def answer(turn: Turn) -> float:
            nonlocal chat, history
            _asking.set(number)
            if turn.chat != chat:
                chat, history = turn.chat, []
            question = user_text(ask(turn, factor=self._counter.factor))
            try:
                history = await self._turn([*self._kept(history, question), question])
            except (anthropic.APIError, openai.APIError) as error:
                raise TurnFailed(type(error).__name__) from None
            finally:
                self._held_back.discard(number)
            return 0.0

        return answer

    def _kept(self, history: Sequence[Message], question: Message) -> list[Message]:
        """The newest messages that fit, from a user's message on."""
        if self._token_limit is None:
            return list(history)
        left = self._token_limit - frame_tokens(self._agent, self._counter) - self._counter.stored_count(question)
        kept = list[Message]()
        for message in reversed(history):
            left -= self._counter.stored_count(message)
            if left < 0:
                break
            kept.insert(0, message)
        first = next((n for n, message in enumerate(kept) if message.role == "user"), len(kept))
        return kept[first:]

    async def _turn(self, messages: list[Message]) -> list[Message]:
        for n in range(self._values.max_iterations):
            answer = await self._call(messages, is_last=n == self._values.max_iterations - 1)
            messages.append(answer)
            if not answer.tool_calls:
                break
            ran = [run_tool(self._agent.tools, call, timeout=60.0) for call in answer.tool_calls]
            messages.append(Message(role="tool", parts=tuple(await asyncio.gather(*ran))))
        return messages

    async def _call(self, messages: Sequence[Message], *, is_last: bool) -> Message:
        request = ModelRequest(
            model=self._model.model_id,
            instructions=self._agent.instructions,
            messages=tuple(messages),
            counts=_NOT_COUNTED,
            max_output_tokens=min(self._values.reply_cap, self._model.max_output_tokens),
            temperature=self._values.temperature,
            capabilities=replace(capabilities_for(self._model), cache="none"),
            tools=self._agent.tools.specs,
            tool_choice="none" if is_last else "auto",
        )
        if self._model.wire == Wire.ANTHROPIC_MESSAGES:
            return await self._messages(anthropic_request.request_body(request))
        return await self._completions(openai_chat_request.request_body(request))

    async def _messages(self, body: dict[str, Any]) -> Message:
        said = await self._anthropic.messages.create(**body | {"stream": False})
        self._tape.usages.append(Usage(input_tokens=said.usage.input_tokens, output_tokens=said.usage.output_tokens))
        return Message(role="assistant", parts=tuple(_part(block) for block in said.content))

    async def _completions(self, body: dict[str, Any]) -> Message:
        body.pop("stream_options", None)
        said = await self._openai.chat.completions.create(**body | {"stream": False})
        if said.usage is not None:
            used = said.usage
            self._tape.usages.append(Usage(input_tokens=used.prompt_tokens, output_tokens=used.completion_tokens))
        message = said.choices[0].message
        calls = (
            ToolCall(id=call.id, name=call.function.name, arguments=call.function.arguments)
            for call in message.tool_calls or ()
        )
        text = (TextPart(text=message.content),) if message.content else ()
        return Message(role="assistant", parts=(*text, *calls))


def _part(block: Any) -> TextPart | ToolCall:
    if block.type == "text":
        return TextPart(text=block.text)
    return ToolCall(id=block.id, name=block.name, arguments=orjson.dumps(block.input).decode())
