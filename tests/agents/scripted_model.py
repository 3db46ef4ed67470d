"""A model that says what the test wrote down for it, and remembers what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence

from agents.llm.events import CallFinished, FinishReason, ModelEvent, TextDelta, ToolCallDelta
from agents.llm.messages import Usage
from agents.llm.providers.base import BlockCounts, ModelRequest, ToolChoice

Step = ModelEvent | Exception | asyncio.Event
"""An event to say, an error to raise, or something to wait for."""

NOTHING = BlockCounts(instructions=0, tools=0, overhead=0, messages=())


class ScriptedModel:
    """The n-th call plays the n-th script. `closed` counts the streams that ended, however they did."""

    def __init__(self, *scripts: Sequence[Step]) -> None:
        self._scripts = iter(scripts)
        self.requests: list[ModelRequest] = []
        self.closed = 0

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent]:
        self.requests.append(request)
        try:
            for step in next(self._scripts):
                if isinstance(step, Exception):
                    raise step
                if isinstance(step, asyncio.Event):
                    await step.wait()
                else:
                    yield step
        finally:
            self.closed += 1


def finished(reason: FinishReason = "stop", *, usage: Usage | None = None) -> CallFinished:
    return CallFinished(finish_reason=reason, usage=usage, request_id="req_1")


def says(text: str) -> list[Step]:
    return [*(TextDelta(text=piece) for piece in text.split("|")), finished()]


def calls(*ids_and_names: tuple[str, str], reason: FinishReason = "tool_calls") -> list[Step]:
    """An answer that calls tools, each without arguments."""
    asked = [ToolCallDelta(index=n, id=id, name=name, arguments="{}") for n, (id, name) in enumerate(ids_and_names)]
    return [*asked, finished(reason)]


def calls_with(name: str, *arguments: str) -> list[Step]:
    """An answer that calls one tool with each of these JSON texts."""
    asked = [ToolCallDelta(index=n, id=f"c{n}", name=name, arguments=text) for n, text in enumerate(arguments)]
    return [*asked, finished("tool_calls")]


def a_request(*, call_id: str = "", tool_choice: ToolChoice = "auto", max_output_tokens: int = 100) -> ModelRequest:
    return ModelRequest(
        model="scripted",
        call_id=call_id,
        instructions="",
        messages=(),
        counts=NOTHING,
        max_output_tokens=max_output_tokens,
        tool_choice=tool_choice,
    )
