"""One turn, from its claim to its last event: drives the agent loop and keeps what it yields.

Every step is written before anybody sees it, and before the next step begins: an answer before its tools run, results
before the next call. Whatever ends a turn (an answer, a stop, an error, a shutdown) ends it with one `turn.ended`, and
the text that had arrived is kept.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from django.conf import settings

from agents import loop, registry
from agents.budget import Budget
from agents.ledger import find_call
from agents.llm.assembly import Assembly
from agents.llm.errors import ContextImpossible, LLMError, ProviderRefused
from agents.llm.events import CallGranted, CallRefitted, ReasoningDelta, TextDelta, Waiting
from agents.llm.messages import Message, ReasoningPart, TextPart, ToolResult, Usage
from agents.llm.providers.base import ModelRequest
from agents.models import ModelCall
from agents.prepared import insert
from agents.threads import in_thread
from agents.tools import delegate
from chat import approvals, stored_results, turn_start
from chat import context as contexts
from chat.admission import ADMISSION, Admission
from chat.asking import Asking, Desk
from chat.delegated import Delegation
from chat.event_log import Event, EventLog
from chat.lease import Lease, LeaseLost
from chat.models import Iteration, Turn
from chat.previews import shown_result
from chat.turn_rows import Tip, add_message
from chat.turns import Ending

logger = logging.getLogger(__name__)

LOST = Ending(status=Turn.Status.INTERRUPTED, reason="worker_lost")
"""Never written by whoever lost the lease: the reaper ends the turn."""


class TurnRun:
    """A claimed turn while it runs: `start()` once, `stop(as_)` at any time, and `shorten()` while it waits."""

    def __init__(
        self, *, turn: Turn, lease: Lease, log: EventLog, desk: Desk, start: turn_start.Start | None = None
    ) -> None:
        self.turn = turn
        self.lease = lease
        self._prepared = start
        self._log = log
        self._asking = Asking(lease=lease, log=log, desk=desk)
        lease.on_lost = lambda: self.stop(LOST)
        self._task: asyncio.Task[None] | None = None
        self._begun = False
        self._stop_as: Ending | None = None
        self._unsaid: turn_start.Start | None = None
        self._usage = Usage()
        self._n = 0
        self._budget = Budget(0)
        self._admission = Admission(lease=lease, log=log)
        self._inner_asking = Asking(lease=lease, log=log, desk=desk)
        self._delegation: Delegation | None = None
        self._finish_reason: str | None = None
        self._message_id = ""
        self._asked_at = 0.0
        self._announced: turn_start.Announced | None = None
        self._last_answer: str | None = None
        self._partial: Assembly | None = None
        self._results: list[ToolResult] = []

    def start(self) -> asyncio.Task[None]:
        self._task = asyncio.create_task(self._run(), name=f"turn-{self.turn.pk}")
        return self._task

    def stop(self, as_: Ending) -> None:
        """End the turn as `as_`, with the text that has arrived. The first to stop it says how it ended."""
        if self._stop_as is not None or self._task is None:
            return
        self._stop_as = as_
        # A task that is cancelled before its first step never runs, and its turn would never end.
        if self._begun:
            self._task.cancel()

    def shorten(self) -> None:
        """Send less of the conversation in the call that waits now, and in no later one."""
        self._admission.shorten()
        if self._delegation is not None:
            self._delegation.admission.shorten()

    async def _run(self) -> None:
        self._begun = True
        try:
            ending = self._stop_as or await self._answer()
        except LeaseLost:
            logger.warning("turn %s was taken over while it ran", self.turn.pk)
            return
        except asyncio.CancelledError:
            ending = self._stop_as or LOST
        except LLMError as error:
            logger.info("turn %s failed: %s (%s)", self.turn.pk, error.code, error.detail or error.message)
            ending = Ending(status=Turn.Status.FAILED, reason=error.code, error=error.message)
        except Exception:
            ref = uuid.uuid4().hex[:8]
            logger.exception("turn %s broke (ref %s)", self.turn.pk, ref)
            text = f"Something went wrong on the server. Your message and the answer so far are kept. Reference: {ref}"
            ending = Ending(status=Turn.Status.FAILED, reason="internal", error=text)
        self._stop_as = ending  # A stop comes too late from here on: the end is written whole.
        await self._end(ending)

    async def _answer(self) -> Ending:
        start = self._prepared or await in_thread(turn_start.prepare)(self.turn)
        self._tip, self._context, self._unsaid = start.tip, start.context, start
        agent = start.context.agent.slug
        model = await registry.build_model(
            model=start.model,
            user_id=str(start.user_id),
            agent=agent,
            open_call=self._open_call,
            wants_shorter=self._admission.wants_shorter,
        )
        self._budget = Budget(start.context.values.max_iterations)
        self._delegation = Delegation(
            turn=self.turn,
            lease=self.lease,
            log=self._log,
            start=start,
            budget=self._budget,
            spend=self._spend,
            asking=self._inner_asking,
        )
        events = loop.run_loop(
            model=model,
            tools=delegate.bound(start.tools, hand_on=self._delegation.hand_on),
            build_request=self._build,
            budget=self._budget,
            tool_timeout=settings.TOOL_TIMEOUT,
            ask=self._asking.ask,
        )
        await self._keep(events)
        return self._ending()

    def _spend(self, usage: Usage) -> None:
        self._usage += usage

    @property
    def _has_asked(self) -> bool:
        return self._asking.has_asked or self._inner_asking.has_asked

    def _opening(self) -> tuple[list[Event], dict[str, Any]]:
        """That the turn has started, as event and fields: written along with what comes first after it."""
        start = self._unsaid
        return ([start.event], {"model": start.model.pk, "settings": start.settings}) if start else ([], {})

    async def _build(self, n: int, is_last: bool) -> ModelRequest:
        """The context of iteration `n`: announced along with its row in the ledger, so before its request is sent."""
        self._n, self._message_id, self._admission.call_id, self._results = n, str(uuid.uuid4()), None, []
        self._asking.n = n
        built = self._announced = await self._next_call(n, is_last=is_last)
        if self._delegation is not None:
            self._delegation.called_in = n
        why_last = {"last": "no_progress"} if self._budget.why_last == "no_progress" else {}

        def rows() -> None:
            insert([Iteration(turn_id=self.lease.turn_id, n=n, receipt=built.receipt | why_last)])
            contexts.save_window(self._context)
            self._unsaid = None

        opening, changes = self._opening()
        begun = {"n": n, "max": self._budget.most, "message": self._message_id}
        started: Event = ("iteration.started", begun | why_last)
        announced: Event = ("context.built", contexts.summary(built.receipt))
        self._log.note(self.lease, *opening, started, announced, changes=changes, rows=rows)
        self._partial = Assembly()
        return built.request

    async def _next_call(self, n: int, *, is_last: bool) -> turn_start.Announced:
        start = self._unsaid
        if n > 1 or start is None:
            return await asyncio.to_thread(turn_start.build, self._context, is_last=is_last)
        if isinstance(start.first, ContextImpossible):
            raise start.first
        return start.first

    async def _open_call(self, row: ModelCall) -> None:
        await self._log.append(self.lease, rows=lambda: insert([row]))

    async def _keep(self, events: AsyncGenerator[loop.LoopEvent]) -> None:
        async with aclosing(events):
            async for event in events:
                if self._admission.is_waiting and not isinstance(event, ADMISSION):
                    await self._admission.keep_going()
                await self._keep_one(event)

    async def _keep_one(self, event: loop.LoopEvent) -> None:
        match event:
            case loop.RequestBuilt():
                self._admission.call_id = event.request.call_id
            case TextDelta():
                self._add(event, "delta")
            case ReasoningDelta():
                self._add(event, "reasoning")
            case Waiting() | CallGranted() | CallRefitted():
                await self._keep_admission(event)
            case loop.Answered():
                await self._keep_answer(event)
            case loop.ToolFinished():
                await self._keep_result(event.result)
            case loop.ToolsFinished():
                await self._keep_results()

    def _add(self, event: TextDelta | ReasoningDelta, kind: str) -> None:
        assert self._partial is not None
        self._partial.add(event)
        if event.text:
            self._log.append_delta(self.lease, "delta" if kind == "delta" else "reasoning", event.text)

    async def _keep_admission(self, event: Waiting | CallGranted | CallRefitted) -> None:
        if isinstance(event, CallRefitted):
            await self._keep_refit(event)
        else:
            await self._admission.keep(event)

    async def _keep_refit(self, event: CallRefitted) -> None:
        """The call is sent otherwise than it was announced: its receipt is that of what is sent."""
        assert self._context.built is not None, "a request was built, or it could not be built anew"
        assert self._announced is not None, "the same"
        receipt = turn_start.sent_otherwise(
            self._announced, self._context.built, call=self._admission.call_id or "", reply_cap=event.max_output_tokens
        )

        def rows() -> None:
            Iteration.objects.filter(turn_id=self.lease.turn_id, n=self._n).update(receipt=receipt)
            contexts.save_window(self._context)

        await self._log.append(self.lease, ("context.built", contexts.summary(receipt)), rows=rows)

    async def _keep_answer(self, event: loop.Answered) -> None:
        message = replace(event.message, id=self._message_id)
        usage = event.usage or Usage()
        self._spend(usage)
        self._context.observe(replace(usage, input_tokens=event.input_tokens))
        self._finish_reason = event.finish_reason
        self._partial = None
        calls: list[Event] = [
            ("tool.call", {"id": call.id, "name": call.name, "arguments": call.arguments})
            for call in message.tool_calls
        ]
        if message.parts:
            self._last_answer = message.id
        await self._write(message, ("usage", usage.to_dict()), *calls)
        self._asked_at = time.monotonic()

    async def _keep_result(self, result: ToolResult) -> None:
        took_ms = round((time.monotonic() - self._asked_at) * 1000)
        answer, limiter = self._context.history[-1], self._context.limiter
        kept = await asyncio.to_thread(stored_results.keep, result, answer=answer, turn=self.turn, limiter=limiter)
        kept_result = replace(kept.result, took_ms=took_ms)
        data = {**shown_result(kept_result), "tokens": kept.tokens}
        self._results.append(kept_result)  # Not before: what is kept as a row must be in the log, too.
        await self._log.append(self.lease, ("tool.result", data), rows=kept.store)

    async def _keep_results(self) -> None:
        results, self._results = self._results, []
        order = {call.id: n for n, call in enumerate(self._context.history[-1].tool_calls)}
        results.sort(key=lambda result: order.get(result.call_id, 0))
        await self._write(Message(role="tool", parts=tuple(results), id=str(uuid.uuid4())))

    async def _write(self, message: Message, *events: Event) -> None:
        """Keep `message` as a row, with the events that announce it, and let the next call send it."""
        tips: list[Tip] = []

        def rows() -> None:
            if message.parts:
                counter = self._context.limiter.counter
                tips.append(add_message(lease=self.lease, tip=self._tip, message=message, counter=counter))
            if message.role == "assistant":
                if tips:
                    self._context.hear(message, tips[-1].tokens - self._tip.tokens)
                contexts.save_calibration(self._context)
                mine, call = Iteration.objects.filter(turn_id=self.lease.turn_id, n=self._n), self._admission.call_id
                mine.update(message_id=message.id if message.parts else None, model_call=find_call(call))
                contexts.save_window(self._context)  # A governor may have had a smaller request built.

        try:
            await self._log.append(self.lease, *events, changes={"status": Turn.Status.RUNNING}, rows=rows)
        finally:
            # Also when the turn is stopped meanwhile: the row is there, and what ends the turn comes after it.
            if tips:
                self._context.add(message, tips[-1].tokens - self._tip.tokens)
                self._tip = tips[-1]

    def _ending(self) -> Ending:
        if self._finish_reason == "refusal" and self._last_answer is None:
            raise ProviderRefused("The model declined to answer. Your message is kept; rephrase it and send it again.")
        reason = self._budget.why_last if self._budget.most > 1 else ""
        return Ending(status=Turn.Status.COMPLETED, reason=reason or None)

    async def _end(self, ending: Ending) -> None:
        """Write what had arrived and the last event. `EventLog.append` is never cut short, so neither is this."""
        try:
            await self._write_end(ending)
        except LeaseLost:
            logger.warning("turn %s was taken over before it ended", self.turn.pk)
        except Exception:
            logger.exception("turn %s could not be ended; its lease will expire", self.turn.pk)

    async def _write_end(self, ending: Ending) -> None:
        if self._partial is not None:
            parts = self._partial.message().parts
            said = tuple(part for part in parts if isinstance(part, TextPart | ReasoningPart))
            await self._write(Message(role="assistant", parts=said, id=self._message_id))
            self._last_answer = self._message_id if said else self._last_answer
        if self._results:
            await self._keep_results()
        ended = replace(
            ending,
            usage=self._usage.to_dict(),
            message=self._last_answer,
            finish_reason=self._finish_reason,
        )
        if self._unsaid is not None:
            await self._log.append(self.lease)  # The opening may be noted already; then it is written now.
        opening, changes = self._opening()
        await self._log.append(
            self.lease,
            *opening,
            ended.event(),
            changes=changes | ended.changes(),
            rows=(lambda: approvals.expire_all(self.lease.turn_id)) if self._has_asked else None,
        )
        self._log.forget(self.lease)
