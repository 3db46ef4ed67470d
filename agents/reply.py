"""The reply to one request, in as many calls as it takes.

Thinking counts toward the cap of a reply, so a small cap can end in nothing but thoughts: no error for the provider,
an empty answer for whoever asked. Then the model is asked once more to think less. And a governor may have lowered the
cap so that its pool can take the call (`CallRefitted`): a reply that this cut goes on in another call.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Literal

from agents.llm.assembly import Assembly
from agents.llm.capabilities import Capabilities, Effort
from agents.llm.continuation import continued, room_for
from agents.llm.errors import ConfigInvalid, ContextImpossible, LLMError
from agents.llm.events import (
    CallAdmitted,
    CallFinished,
    CallGranted,
    CallRefitted,
    CallRetried,
    FinishReason,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
    Waiting,
)
from agents.llm.messages import Message, Part, ReasoningPart, TextPart, Usage
from agents.llm.providers.base import ChatModel, ModelRequest, refitted

MOST_CALLS = 16
"""For one reply that is cut again and again."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """`message` holds no call that was cut off. `usage` is that of every call that it took; `input_tokens` is what was
    counted of the request as it was sent last, 0 where that is not known. `is_thought_only`: the cap cut it before its
    first word. `cap` is the reply cap that was sent with the last call."""

    message: Message
    finish_reason: FinishReason
    usage: Usage | None
    input_tokens: int
    is_thought_only: bool
    cap: int
    kind: Literal["reply"] = "reply"

    @property
    def output_tokens(self) -> int:
        return self.usage.output_tokens if self.usage else 0


Told = TextDelta | ReasoningDelta | ToolCallDelta | Waiting | CallRetried | CallGranted | CallRefitted


async def reply_of(model: ChatModel, *, request: ModelRequest) -> AsyncGenerator[Told | Reply]:
    """What the model says, then the `Reply`. Every call after the first comes with a `CallRetried`."""
    so_far: Reply | None = None
    calls, current, lighter = 0, request, False
    while True:
        call = _Call(current)
        try:
            async with aclosing(call.events(model)) as events:
                async for event in events:
                    yield event
        except ContextImpossible:
            if so_far is None:
                raise
            yield so_far  # There is no room to go on: what was said stays, and is told to be cut.
            return
        request = call.refitted(request)
        so_far = call.reply() if so_far is None else _after(so_far, call.reply(), goes_on=current.goes_on)
        calls += 1
        following, smaller = (None, None) if calls == MOST_CALLS else await _going_on(request, so_far)
        if following is None and so_far.is_thought_only and not lighter:
            following, lighter = _thinking_less(request), True
        if following is None:
            yield so_far
            return
        current = following
        yield CallRetried(call_id=current.call_id)
        if smaller is not None:
            request, so_far = refitted(request, smaller), replace(so_far, input_tokens=0)
            yield smaller


async def _going_on(request: ModelRequest, reply: Reply) -> tuple[ModelRequest | None, CallRefitted | None]:
    """The call that goes on where a lowered cap cut the reply, and how the request was made smaller for it. None where
    none was lowered, nothing is missing, or there is no room."""
    left = request.max_output_tokens - reply.output_tokens
    was_cut = reply.finish_reason == "length" and reply.cap < request.max_output_tokens
    if not was_cut or reply.usage is None or left <= 0 or reply.message.tool_calls:
        return None, None
    if not reply.message.text.strip():
        # There is nothing to go on from: once more, with more room.
        least = min(request.max_output_tokens, 4 * reply.cap)
        return replace(request, call_id=str(uuid.uuid4()), least_reply=least), None
    tokens = reply.output_tokens
    try:
        smaller = await _with_room(request, extra=room_for(tokens))
    except ContextImpossible:
        return None, None
    base = request if smaller is None else refitted(request, smaller)
    return continued(base, said=reply.message.text, tokens=tokens, most=left), smaller


async def _with_room(request: ModelRequest, *, extra: int) -> CallRefitted | None:
    """None where there is room already. ContextImpossible where none can be made."""
    if not request.input_limit or request.counts.total + extra <= request.input_limit:
        return None
    if request.refit is None:
        raise ContextImpossible("there is no room for what was said so far")
    smaller = await asyncio.to_thread(request.refit, request.input_limit - extra, False)
    return CallRefitted(
        max_output_tokens=request.max_output_tokens,
        messages=smaller.messages,
        tokens=smaller.counts.messages,
        refit=smaller.refit,
    )


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

    def __init__(self, request: ModelRequest) -> None:
        self._request = request
        self._cap = request.max_output_tokens  # until a governor says otherwise
        self._refitted: CallRefitted | None = None
        self._assembly = Assembly()
        self._ended: CallFinished | None = None

    async def events(self, model: ChatModel) -> AsyncGenerator[Told]:
        async with aclosing(model.stream(self._request)) as events:
            async for event in events:
                if isinstance(event, CallFinished):
                    self._ended = event
                    continue
                assert not isinstance(event, CallAdmitted), "a governed model keeps it"
                if isinstance(event, CallRefitted):
                    self._cap = event.max_output_tokens
                    self._refitted = event if event.messages else self._refitted
                self._assembly.add(event)
                yield event

    def refitted(self, request: ModelRequest) -> ModelRequest:
        """`request` as its governor had it sent; the next call begins with that."""
        return request if self._refitted is None else refitted(request, self._refitted)

    def reply(self) -> Reply:
        ended = self._ended
        assert ended is not None, "an adapter raises when a stream ends without a finish reason"
        # A call that the model ended itself is answered even if it is no JSON; one that was cut off is not.
        message = self._assembly.message(complete_calls_only=ended.finish_reason != "tool_calls")
        return Reply(
            message=message,
            finish_reason=ended.finish_reason,
            usage=ended.usage,
            input_tokens=ended.usage.input_tokens if ended.usage else 0,
            cap=self._cap,
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
    return None if effort is None else replace(request, call_id=str(uuid.uuid4()), effort=effort)


def _lowest(able: Capabilities, *, now: Effort | None) -> Effort | None:
    current = now if now in able.efforts else able.default_effort
    lowest = able.efforts[0] if able.efforts else None
    return None if lowest == current else lowest


def _after(first: Reply, second: Reply, *, goes_on: bool) -> Reply:
    """What was said and thought the first time was shown, so it stays; nobody is to see the thoughts again, so they
    lose their signature. `goes_on`: the second call had an input of its own."""
    parts: list[Part] = [
        replace(part, signature="", origin="") if isinstance(part, ReasoningPart) else part
        for part in first.message.parts
        if not isinstance(part, ReasoningPart) or part.text
    ]
    usages = [usage for usage in (first.usage, second.usage) if usage is not None]
    message = replace(second.message, parts=_joined([*parts, *second.message.parts]))
    return replace(
        second,
        message=message,
        usage=sum(usages, Usage()) if usages else None,
        input_tokens=first.input_tokens if goes_on else second.input_tokens,
        is_thought_only=second.is_thought_only and not message.text.strip(),
    )


def _joined(parts: list[Part]) -> tuple[Part, ...]:
    """Text that was cut in two is one again."""
    joined: list[Part] = []
    for part in parts:
        last = joined[-1] if joined else None
        if isinstance(part, TextPart) and isinstance(last, TextPart):
            joined[-1] = TextPart(text=last.text + part.text)
        else:
            joined.append(part)
    return tuple(joined)
