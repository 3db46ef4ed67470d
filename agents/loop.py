"""The agent loop: model call, tools, next iteration. Free of rows: it yields events, and whoever drives it keeps them.

The last iteration may not call tools, so that every turn ends in an answer; it comes early where nothing new comes of
the tools (`agents.repeats`). What the caller must have stored before the loop goes on (an answer before its tools run,
results before the next call) is stored while it holds the event: the loop continues only when the next event is asked
for.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Literal

from agents.budget import Budget
from agents.llm.consent import Ask, ConsentRequest, Decision
from agents.llm.events import (
    CallGranted,
    CallRefitted,
    CallRetried,
    FinishReason,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
    Waiting,
)
from agents.llm.messages import Message, Part, ToolCall, ToolResult, Usage
from agents.llm.providers.base import ChatModel, ModelRequest
from agents.llm.tools import ToolSet, run_tool
from agents.repeats import Repeats
from agents.reply import Reply, nothing_but_thought, reply_of

TOOLS_AT_ONCE = 8
"""How many calls of one answer run together; the others wait for a free place."""

MOST_CALLS = 64
"""How many calls of one answer are run at all: with Max Iterations this bounds what a turn can do."""

_TOO_MANY = (
    f"Error: an answer may call at most {MOST_CALLS} tools, so this call was not run. Call the rest in a next step."
)


@dataclass(frozen=True, kw_only=True)
class IterationStarted:
    n: int
    kind: Literal["iteration_started"] = "iteration_started"


@dataclass(frozen=True, kw_only=True)
class RequestBuilt:
    """The request of this iteration is about to be sent. Comes again, under another `call_id`, where it is retried."""

    request: ModelRequest
    kind: Literal["request_built"] = "request_built"


@dataclass(frozen=True, kw_only=True)
class Answered:
    """The answer is complete. `message` holds the calls that will run now; none on the last iteration. `usage` is of
    every model call that it took, `input_tokens` what was counted of the request that was built."""

    message: Message
    finish_reason: FinishReason
    usage: Usage | None
    input_tokens: int = 0
    kind: Literal["answered"] = "answered"


@dataclass(frozen=True, kw_only=True)
class ToolFinished:
    """One tool ended; parallel tools end in any order."""

    result: ToolResult
    kind: Literal["tool_finished"] = "tool_finished"


@dataclass(frozen=True, kw_only=True)
class ToolsFinished:
    """Every tool of the iteration ended. `message` holds their results in the order of the calls."""

    message: Message
    kind: Literal["tools_finished"] = "tools_finished"


LoopEvent = (
    IterationStarted
    | RequestBuilt
    | TextDelta
    | ReasoningDelta
    | ToolCallDelta
    | Waiting
    | CallGranted
    | CallRefitted
    | Answered
    | ToolFinished
    | ToolsFinished
)

BuildRequest = Callable[[int, bool], Awaitable[ModelRequest]]
"""`(n, is_last)` -> the request of iteration `n`; on the last one it forbids tools."""


async def run_loop(
    *,
    model: ChatModel,
    tools: ToolSet,
    build_request: BuildRequest,
    budget: Budget,
    tool_timeout: float = 60.0,
    ask: Ask | None = None,
) -> AsyncGenerator[LoopEvent]:
    """Iterate until an answer calls no tool, as often as `budget` allows. `tool_timeout` in seconds, for each tool.
    `ask` asks the user for what changes something; where there is none, no such call is run.

    Errors of the model or of the context (`LLMError`) pass through; an error of a tool becomes a failed result.
    """
    places = asyncio.Semaphore(TOOLS_AT_ONCE)
    repeats = _repeats(tools, places=places, timeout=tool_timeout, ask=None if ask is None else _aside(ask, places))
    while True:
        n = budget.take()
        is_last = bool(budget.why_last)
        yield IterationStarted(n=n)
        request = await build_request(n, is_last)
        yield RequestBuilt(request=request)
        reply: Reply | None = None
        async with aclosing(reply_of(model, request=request)) as events:
            async for event in events:
                if isinstance(event, Reply):
                    reply = event
                elif isinstance(event, CallRetried):
                    yield RequestBuilt(request=replace(request, call_id=event.call_id))
                else:
                    yield event
        assert reply is not None, "a reply that is none raises"
        answer = _without_calls(reply.message) if is_last else _with_calls_apart(reply.message)
        yield Answered(
            message=answer,
            finish_reason=reply.finish_reason,
            usage=reply.usage,
            input_tokens=reply.input_tokens,
        )
        if reply.is_thought_only:
            raise nothing_but_thought(request)
        if not answer.tool_calls:
            return
        results: dict[str, ToolResult] = {}
        async with aclosing(_run_all(answer.tool_calls, repeats.run)) as finished:
            async for result in finished:
                results[result.call_id] = result
                yield ToolFinished(result=result)
        in_order = tuple(results[call.id] for call in answer.tool_calls)
        yield ToolsFinished(message=Message(role="tool", parts=in_order))
        budget.is_fruitless = repeats.ended()


def _without_calls(message: Message) -> Message:
    parts = tuple(part for part in message.parts if not isinstance(part, ToolCall))
    return Message(role=message.role, parts=parts, id=message.id)


def _with_calls_apart(message: Message) -> Message:
    """No two calls with one id: results are told apart by it, and some gateways give every call the same."""
    taken: set[str] = set()
    parts: list[Part] = []
    for part in message.parts:
        if isinstance(part, ToolCall):
            apart = part if part.id not in taken else replace(part, id=f"call_{uuid.uuid4().hex}")
            taken.add(apart.id)
            parts.append(apart)
        else:
            parts.append(part)
    return replace(message, parts=tuple(parts))


def _repeats(tools: ToolSet, *, places: asyncio.Semaphore, timeout: float, ask: Ask | None) -> Repeats:
    async def really(call: ToolCall) -> ToolResult:
        # What is answered from the record holds no place: it may wait for one that needs it.
        async with places:
            return await run_tool(tools, call, timeout=timeout, ask=ask)

    return Repeats(tools=tools, really=really)


def _aside(ask: Ask, places: asyncio.Semaphore) -> Ask:
    """Whoever waits for a person keeps no other tool from running."""

    async def ask_aside(call: ToolCall, request: ConsentRequest) -> Decision:
        places.release()
        try:
            return await ask(call, request)
        finally:
            await places.acquire()

    return ask_aside


async def _run_all(
    calls: tuple[ToolCall, ...], run: Callable[[ToolCall], Awaitable[ToolResult]]
) -> AsyncGenerator[ToolResult]:
    for call in calls[MOST_CALLS:]:
        yield ToolResult(call_id=call.id, name=call.name, text=_TOO_MANY, ok=False)
    tasks = [asyncio.ensure_future(run(call)) for call in calls[:MOST_CALLS]]
    try:
        for next_done in asyncio.as_completed(tasks):
            yield await next_done
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
