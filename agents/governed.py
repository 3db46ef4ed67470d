"""`GovernedModel`: a `ChatModel` around a `ChatModel`. It reserves before a call is sent and settles when it ended.

No other way leads to a provider: `registry.build_model` hands out nothing else, and a transport refuses what is sent
without a grant. The SDKs try nothing again by themselves; what is worth another try, before the first content, is put
in front of its queue.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from agents import ledger
from agents.concealment import Conceal, conceal_in
from agents.governor.base import Ask, Governor, Grant, Reserved, Retry, Told
from agents.governor.holding import holding
from agents.governor.store import Pool
from agents.llm.errors import LLMError, ProviderRateLimited
from agents.llm.events import (
    BEFORE_CONTENT,
    CallAdmitted,
    CallFinished,
    CallGranted,
    CallRefitted,
    ModelEvent,
    Waiting,
)
from agents.llm.messages import Usage
from agents.llm.providers.base import ChatModel, ModelRequest
from agents.models import LanguageModel, ModelCall


@dataclass(kw_only=True)
class _Outcome:
    """How a call ended; failed until the provider says otherwise. `opening` writes its row, None before its first
    grant."""

    status: ModelCall.Status = ModelCall.Status.FAILED
    usage: Usage | None = None
    finish_reason: str = ""
    error_code: str = "internal"
    request_id: str = ""
    waited_ms: int = 0
    first_byte_ms: int | None = None
    retries: int = 0
    rate_limited: int = 0
    reserved: Reserved = field(default_factory=Reserved)
    begun: bool = False
    opening: asyncio.Future[None] | None = None


class GovernedModel:
    def __init__(
        self,
        *,
        inner: ChatModel,
        governor: Governor,
        model: LanguageModel,
        pool: Pool,
        user_id: str,
        purpose: str,
        agent: str = "",
        conceal: Conceal = str,
        open_call: ledger.OpenCall = ledger.open_call,
        wants_shorter: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._inner = inner
        self._governor = governor
        self._model = model
        self._pool = pool
        self._user_id = user_id
        self._purpose = purpose
        self._agent = agent
        self._conceal = conceal
        self._open_call = open_call
        self._wants_shorter = wants_shorter
        self._clock = clock
        self._sleep = sleep

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent]:
        """What holds the call back or changes it, then what the provider answers."""
        ask = Ask(
            request=request,
            pool=self._pool,
            user=self._user_id,
            purpose=self._purpose,
            lease=request.call_id,
            wants_shorter=self._wants_shorter,
        )
        outcome = _Outcome()
        try:
            async with aclosing(self._tries(ask, outcome)) as events:
                async for event in events:
                    yield event
        except LLMError as error:
            outcome.error_code = error.code
            conceal_in(error, conceal=self._conceal)
            raise
        except (asyncio.CancelledError, GeneratorExit):
            if outcome.status != ModelCall.Status.COMPLETED:
                outcome.status, outcome.error_code = ModelCall.Status.CANCELLED, ""
            raise
        finally:
            # Shielded: a stopped turn must not leave its row open.
            if outcome.opening is not None:
                await asyncio.shield(_close(outcome.opening, call_id=request.call_id, outcome=replace(outcome)))

    async def _tries(self, ask: Ask, outcome: _Outcome) -> AsyncGenerator[ModelEvent]:
        while True:
            admission = _Admission(self._governor, ask=ask, outcome=outcome, clock=self._clock)
            async with aclosing(admission.events()) as admitted:
                async for told in admitted:
                    yield told
            ask = replace(ask, request=admission.grant.request)
            attempt = _Attempt(self._inner, grant=admission.grant, ask=ask, outcome=outcome, clock=self._clock)
            try:
                await self._open(ask, admission.grant, outcome)
                async with aclosing(attempt.events()) as events:
                    async for event in events:
                        yield event
                return
            except LLMError:
                if attempt.retry is None:
                    raise
            finally:
                await asyncio.shield(attempt.end())
            outcome.retries += 1
            outcome.waited_ms += round(attempt.retry.pause * 1000)
            ask = replace(ask, tries=ask.tries + 1, reason=attempt.retry.reason)
            if attempt.retry.waiting is not None:
                yield attempt.retry.waiting
                await self._sleep(attempt.retry.pause)

    async def _open(self, ask: Ask, grant: Grant, outcome: _Outcome) -> None:
        """Write the row of the call before it is sent first."""
        outcome.reserved = grant.reserved
        if outcome.opening is None:
            row = ledger.row_of(ask=ask, model=self._model, agent=self._agent, reserved=grant.reserved)
            # Not cut short by a stop: nobody could close a row that may or may not be there.
            outcome.opening = asyncio.ensure_future(self._open_call(row))
            await asyncio.shield(outcome.opening)


class _Admission:
    """The way to a grant, which is there when the events have ended."""

    grant: Grant

    def __init__(self, governor: Governor, *, ask: Ask, outcome: _Outcome, clock: Callable[[], float]) -> None:
        self._governor = governor
        self._ask = ask
        self._outcome = outcome
        self._clock = clock

    async def events(self) -> AsyncGenerator[Told]:
        asked_at, held_back = self._clock(), False
        async with aclosing(self._governor.reserve(self._ask)) as admission:
            async for step in admission:
                if isinstance(step, Waiting | CallGranted | CallRefitted):
                    held_back = held_back or isinstance(step, Waiting)
                    yield step
                    continue
                self.grant = step
                if held_back:
                    # A busy machine is no wait: only what the governor held back counts, and then at least as 1.
                    self._outcome.waited_ms += max(1, round((self._clock() - asked_at) * 1000))


class _Attempt:
    """One request to the provider. `end` settles its grant, once, however it went."""

    def __init__(
        self, inner: ChatModel, *, grant: Grant, ask: Ask, outcome: _Outcome, clock: Callable[[], float]
    ) -> None:
        self.retry: Retry | None = None
        self._inner = inner
        self._grant = grant
        self._ask = ask
        self._outcome = outcome
        self._clock = clock
        self._sent_at: float | None = None
        self._failed = False

    async def events(self) -> AsyncGenerator[ModelEvent]:
        """Of the answer: what only the governor needs stays here."""
        self._sent_at = self._clock()
        try:
            async with aclosing(self._inner.stream(self._ask.request)) as events:
                while (event := await self._next(events)) is not None:
                    if isinstance(event, CallAdmitted):
                        self._grant.admitted(event)
                        continue
                    self._note(event)
                    yield event
        except LLMError as error:
            self._failed = True
            self._outcome.rate_limited += isinstance(error, ProviderRateLimited)
            self.retry = await asyncio.shield(self._grant.failed(error, begun=self._outcome.begun))
            raise

    async def _next(self, events: AsyncGenerator[ModelEvent]) -> ModelEvent | None:
        with holding(self._ask.lease):
            return await anext(events, None)

    def _note(self, event: ModelEvent) -> None:
        outcome = self._outcome
        outcome.begun = outcome.begun or not isinstance(event, BEFORE_CONTENT)
        if outcome.first_byte_ms is None and self._sent_at is not None:
            outcome.first_byte_ms = round((self._clock() - self._sent_at) * 1000)
        if isinstance(event, CallFinished):
            outcome.status = ModelCall.Status.COMPLETED
            outcome.error_code = ""
            outcome.usage = event.usage
            outcome.finish_reason = event.finish_reason
            outcome.request_id = event.request_id

    async def end(self) -> None:
        if self._failed:
            return
        if self._sent_at is None:
            await self._grant.cancel()
        else:
            await self._grant.settle(self._outcome.usage)


async def _close(opening: asyncio.Future[None], *, call_id: str, outcome: _Outcome) -> None:
    await asyncio.wait([opening])
    if opening.exception() is not None:
        return  # There is no row to close.
    await ledger.close_call(
        call_id=call_id,
        status=outcome.status,
        usage=outcome.usage,
        finish_reason=outcome.finish_reason,
        error_code=outcome.error_code,
        request_id=outcome.request_id,
        waited_ms=outcome.waited_ms,
        first_byte_ms=outcome.first_byte_ms,
        retries=outcome.retries,
        rate_limited=outcome.rate_limited,
        reserved=outcome.reserved,
    )
