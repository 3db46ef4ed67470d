"""One delegated run, from its task to its report: drives an agent loop inside of a turn, and keeps what it yields.

Like the turn's own steps, each is written before anybody sees it and before the next one begins; what it says is in the
run's row, and in no conversation.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from agents import loop, registry
from agents.budget import Budget
from agents.ledger import find_call
from agents.llm.errors import LLMError, ToolFailed
from agents.llm.events import CallGranted, CallRefitted, Waiting
from agents.llm.messages import Message, ReasoningPart, ToolResult, Usage
from agents.llm.providers.base import ModelRequest
from agents.llm.reasoning import without_reasoning
from agents.llm.tools import Summarised
from agents.models import ModelCall
from agents.prepared import insert
from chat import delegated_context, stored_results, turn_start
from chat.admission import ADMISSION, Admission
from chat.asking import Asking
from chat.delegated_report import failure, report
from chat.delegated_state import context_event
from chat.event_log import Event, EventLog
from chat.lease import Lease, LeaseLost
from chat.models import DelegatedRun, Iteration, Turn
from chat.previews import shown_result

PURPOSE = "delegate"
"""Of its calls in the ledger."""


@dataclass(frozen=True, kw_only=True)
class Inside:
    """The turn that a run belongs to. `spend` is told what each call used; `asking` asks its owner for the run."""

    turn: Turn
    lease: Lease
    log: EventLog
    start: turn_start.Start
    spend: Callable[[Usage], None]
    admission: Admission
    asking: Asking


class DelegatedLoop:
    def __init__(self, *, inside: Inside, begun: delegated_context.Begun, budget: Budget) -> None:
        self._in = inside
        self._run = begun.row
        self._context = begun.context
        self._tools = begun.tools
        self._budget = budget
        self._n = 0
        self._message_id = ""
        self._announced: turn_start.Announced | None = None
        self._said: list[tuple[int, Message]] = [(0, begun.context.history[0])]
        self._results: list[ToolResult] = []
        self._asked_at = 0.0

    async def report(self) -> Summarised:
        """Raises ToolFailed with a text for the model."""
        name, history = self._context.agent.name, self._context.history
        try:
            await self._iterate()
        except LLMError as error:
            raise ToolFailed(failure(name, error, history)) from error
        except LeaseLost:
            raise ToolFailed("this turn is no longer run here") from None
        if history[-1].role != "assistant" or not history[-1].text.strip():
            raise ToolFailed(f"{name} ended without an answer")
        return report(name, history, why_last=self._budget.why_last)

    async def _iterate(self) -> None:
        model = await registry.build_model(
            model=self._in.start.model,
            user_id=str(self._in.start.user_id),
            purpose=PURPOSE,
            agent=self._context.agent.slug,
            open_call=self._open_call,
            wants_shorter=self._in.admission.wants_shorter,
        )
        events = loop.run_loop(
            model=model,
            tools=self._tools,
            build_request=self._build,
            budget=self._budget,
            tool_timeout=settings.TOOL_TIMEOUT,
            ask=self._in.asking.ask,
        )
        async with aclosing(events):
            async for event in events:
                if self._in.admission.is_waiting and not isinstance(event, ADMISSION):
                    await self._in.admission.keep_going()
                await self._keep(event)

    async def _keep(self, event: loop.LoopEvent) -> None:
        match event:
            case loop.RequestBuilt():
                self._in.admission.call_id = event.request.call_id
            case Waiting() | CallGranted():
                await self._in.admission.keep(event)
            case CallRefitted():
                await self._keep_refit(event)
            case loop.Answered():
                await self._keep_answer(event)
            case loop.ToolFinished():
                await self._keep_result(event.result)
            case loop.ToolsFinished():
                await self._add(self._said[-1][1])

    async def _build(self, n: int, is_last: bool) -> ModelRequest:
        """The context of iteration `n` of the turn: announced along with its row in the ledger."""
        self._n, self._message_id, self._results = n, str(uuid.uuid4()), []
        self._in.asking.n = n
        built = await asyncio.to_thread(turn_start.build, self._context, is_last=is_last)
        self._announced = built
        is_first = len(self._said) == 1
        why_last = {"last": "no_progress"} if self._budget.why_last == "no_progress" else {}
        iteration = Iteration(turn_id=self._in.lease.turn_id, n=n, run=self._run, receipt=built.receipt | why_last)
        kept = delegated_context.to_keep(self._context)

        def rows() -> None:
            if is_first:
                self._run.context = kept
                insert([self._run])
            else:
                self._update(context=kept)
            insert([iteration])

        self._in.log.note(self._in.lease, self._started(built.receipt), rows=rows)
        return built.request

    def _started(self, receipt: dict[str, Any]) -> Event:
        told = {"agent": self._run.agent, "n": self._n, "max": self._context.values.max_iterations}
        return self._event("delegate.iteration", **told, message=self._message_id, **context_event(receipt))

    async def _open_call(self, row: ModelCall) -> None:
        await self._in.log.append(self._in.lease, rows=lambda: insert([row]))

    async def _keep_refit(self, event: CallRefitted) -> None:
        assert self._context.built is not None, "a request was built, or it could not be built anew"
        assert self._announced is not None, "the same"
        call = self._in.admission.call_id or ""
        receipt = turn_start.sent_otherwise(
            self._announced, self._context.built, call=call, reply_cap=event.max_output_tokens
        )
        kept = delegated_context.to_keep(self._context)

        def rows() -> None:
            self._iteration().update(receipt=receipt)
            self._update(context=kept)

        await self._in.log.append(self._in.lease, self._started(receipt), rows=rows)

    async def _keep_answer(self, event: loop.Answered) -> None:
        message, usage = replace(event.message, id=self._message_id), event.usage or Usage()
        self._in.spend(usage)
        self._context.observe(replace(usage, input_tokens=event.input_tokens))
        if message.parts:
            self._said.append((self._n, message))
            await self._add(message)
            self._context.hear(message, self._context.counts[message.id])
        said = {"text": message.text, "reasoning": _thoughts(message), **usage.to_dict()}
        calls = [
            self._event("delegate.tool", id=call.id, name=call.name, arguments=call.arguments)
            for call in message.tool_calls
        ]
        messages, kept = delegated_context.entries(self._said), delegated_context.to_keep(self._context)

        def rows() -> None:
            self._iteration().update(model_call=find_call(self._in.admission.call_id))
            self._update(messages=messages, context=kept)

        await self._in.log.append(self._in.lease, self._event("delegate.answer", n=self._n, **said), *calls, rows=rows)
        self._asked_at = time.monotonic()

    async def _keep_result(self, result: ToolResult) -> None:
        """With its row at once: what is shown of a result is found again after any end."""
        answer = next(message for _, message in reversed(self._said) if message.role == "assistant")
        keep = partial(stored_results.keep, result, answer=answer, turn=self._in.turn, limiter=self._context.limiter)
        kept = await asyncio.to_thread(keep, always=True)
        self._results.append(replace(kept.result, took_ms=round((time.monotonic() - self._asked_at) * 1000)))
        self._note_results(answer)
        messages = delegated_context.entries(self._said)

        def rows() -> None:
            assert kept.store is not None, "it is always stored"
            kept.store()
            self._update(messages=messages)

        shown = {**shown_result(self._results[-1]), "tokens": kept.tokens}
        await self._in.log.append(self._in.lease, self._event("delegate.result", **shown), rows=rows)

    def _note_results(self, answer: Message) -> None:
        """The results so far are one message, in the order of their calls."""
        order = {call.id: place for place, call in enumerate(answer.tool_calls)}
        results = sorted(self._results, key=lambda result: order.get(result.call_id, 0))
        newest = self._said[-1][1]
        id = newest.id if newest.role == "tool" else str(uuid.uuid4())
        message = Message(role="tool", parts=tuple(results), id=id)
        self._said[len(self._said) - (newest.role == "tool") :] = [(self._n, message)]

    async def _add(self, message: Message) -> None:
        counter = self._context.limiter.counter
        count = await asyncio.to_thread(lambda: counter.stored_count(without_reasoning(message)))
        self._context.add(message, count)

    def _event(self, kind: str, **data: Any) -> Event:
        return kind, {"call": self._run.call, **data}

    def _iteration(self) -> QuerySet[Iteration]:
        return Iteration.objects.filter(turn_id=self._in.lease.turn_id, n=self._n)

    def _update(self, **changes: Any) -> None:
        DelegatedRun.objects.filter(pk=self._run.pk).update(**changes)


def _thoughts(message: Message) -> str:
    return "".join(part.text for part in message.parts if isinstance(part, ReasoningPart))
