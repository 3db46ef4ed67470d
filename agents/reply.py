"""The reply to one request. Where thinking ate the whole of it, the model is asked once more to think less.

Thinking counts toward the cap of a reply, so a small cap can end in nothing but thoughts: no error for the provider,
an empty answer for whoever asked.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Literal

from agents.llm.assembly import Assembly
from agents.llm.capabilities import Capabilities, Effort
from agents.llm.errors import ConfigInvalid, LLMError
from agents.llm.events import (
    CallFinished,
    CallRetried,
    FinishReason,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
    Waiting,
)
from agents.llm.messages import Message, Part, ReasoningPart, Usage
from agents.llm.providers.base import ChatModel, ModelRequest


@dataclass(frozen=True, kw_only=True)
class Reply:
    """`message` holds no call that was cut off. `usage` is that of every call that it took. `is_thought_only`: the cap
    cut it before its first word."""

    message: Message
    finish_reason: FinishReason
    usage: Usage | None
    is_thought_only: bool
    kind: Literal["reply"] = "reply"


Told = TextDelta | ReasoningDelta | ToolCallDelta | Waiting | CallRetried


async def reply_of(model: ChatModel, *, request: ModelRequest) -> AsyncGenerator[Told | Reply]:
    """What the model says, then the `Reply`. The second call, if there is one, comes with a `CallRetried`."""
    first = _Call()
    async with aclosing(first.events(model, request)) as events:
        async for event in events:
            yield event
    reply = first.reply()
    lighter = _thinking_less(request) if reply.is_thought_only else None
    if lighter is None:
        yield reply
        return
    yield CallRetried(call_id=lighter.call_id)
    second = _Call()
    async with aclosing(second.events(model, lighter)) as events:
        async for event in events:
            yield event
    yield _after(reply, second.reply())


def nothing_but_thought(request: ModelRequest) -> LLMError:
    """What to tell whoever got no answer, however little the model was asked to think."""
    text = (
        f"The model used its whole reply of {request.max_output_tokens:,} tokens to think, and said nothing. Your "
        "message is kept. Please raise Max Output Tokens for this model in the settings, ask for less at once, or "
        "choose another model."
    )
    return ConfigInvalid(text, scope="request", detail="length without text, at the lowest effort there is")


class _Call:
    """One call, and what came of it."""

    def __init__(self) -> None:
        self._assembly = Assembly()
        self._ended: CallFinished | None = None

    async def events(self, model: ChatModel, request: ModelRequest) -> AsyncGenerator[Told]:
        async with aclosing(model.stream(request)) as events:
            async for event in events:
                if isinstance(event, CallFinished):
                    self._ended = event
                    continue
                self._assembly.add(event)
                yield event

    def reply(self) -> Reply:
        ended = self._ended
        assert ended is not None, "an adapter raises when a stream ends without a finish reason"
        # A call that the model ended itself is answered even if it is no JSON; one that was cut off is not.
        message = self._assembly.message(complete_calls_only=ended.finish_reason != "tool_calls")
        return Reply(
            message=message,
            finish_reason=ended.finish_reason,
            usage=ended.usage,
            is_thought_only=ended.finish_reason == "length" and _only_thoughts(self._assembly.message(), ended.usage),
        )


def _only_thoughts(message: Message, usage: Usage | None) -> bool:
    """Thoughts may be hidden, and then only counted; or shown, and then by some gateways not counted."""
    said_nothing = not message.text.strip() and not message.tool_calls
    thought = bool(message.parts) or (usage is not None and usage.reasoning_tokens > 0)
    return said_nothing and thought


def _thinking_less(request: ModelRequest) -> ModelRequest | None:
    """`request` as another call, at the lowest effort there is: there is no third try. None if it was that already."""
    effort = _lowest(request.capabilities, now=request.effort)
    return None if effort is None else _with_effort(request, effort=effort, call_id=str(uuid.uuid4()))


def _lowest(able: Capabilities, *, now: Effort | None) -> Effort | None:
    current = now if now in able.efforts else able.default_effort
    lowest = able.efforts[0] if able.efforts else None
    return None if lowest == current else lowest


def _with_effort(request: ModelRequest, *, effort: Effort, call_id: str) -> ModelRequest:
    refit = request.refit

    def refit_with_effort(max_input: int, cold: bool) -> ModelRequest:
        assert refit is not None
        return _with_effort(refit(max_input, cold), effort=effort, call_id=call_id)

    return replace(request, call_id=call_id, effort=effort, refit=None if refit is None else refit_with_effort)


def _after(first: Reply, second: Reply) -> Reply:
    """What was thought the first time was shown, so it stays; nobody is to see it again, so it loses its signature."""
    thoughts: list[Part] = [
        replace(part, signature="", origin="")
        for part in first.message.parts
        if isinstance(part, ReasoningPart) and part.text
    ]
    usages = [usage for usage in (first.usage, second.usage) if usage is not None]
    return replace(
        second,
        message=replace(second.message, parts=(*thoughts, *second.message.parts)),
        usage=sum(usages, Usage()) if usages else None,
    )
