"""`GovernedModel`: a `ChatModel` around a `ChatModel`. It reserves before a call is sent and settles when it ended.

No other way leads to a provider: `registry.build_model` hands out nothing else.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace

from agents import ledger
from agents.concealment import Conceal, conceal_in
from agents.governor.base import Ask, Governor, Grant
from agents.llm.errors import LLMError
from agents.llm.events import CallFinished, ModelEvent, Waiting
from agents.llm.messages import Usage
from agents.llm.providers.base import ChatModel, ModelRequest
from agents.models import LanguageModel, ModelCall


@dataclass(kw_only=True)
class _Outcome:
    """How a call ended; failed until the provider says otherwise."""

    status: ModelCall.Status = ModelCall.Status.FAILED
    usage: Usage | None = None
    finish_reason: str = ""
    error_code: str = "internal"
    request_id: str = ""
    waited_ms: int = 0
    first_byte_ms: int | None = None


class GovernedModel:
    def __init__(
        self,
        *,
        inner: ChatModel,
        governor: Governor,
        model: LanguageModel,
        user_id: str,
        purpose: str,
        agent: str = "",
        conceal: Conceal = str,
        open_call: ledger.OpenCall = ledger.open_call,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._inner = inner
        self._governor = governor
        self._model = model
        self._user_id = user_id
        self._purpose = purpose
        self._agent = agent
        self._conceal = conceal
        self._open_call = open_call
        self._clock = clock

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent]:
        """`Waiting` while the governor holds the call back, then what the provider answers."""
        ask = Ask(request=request, pool=str(self._model.pool_id or ""), user=self._user_id, purpose=self._purpose)
        asked_at, held_back = self._clock(), False
        async with aclosing(self._governor.reserve(ask)) as admission:
            async for step in admission:
                if isinstance(step, Waiting):
                    held_back = True
                    yield step
                    continue
                # A busy machine is no wait: only what the governor held back counts, and then at least as 1.
                waited_ms = max(1, round((self._clock() - asked_at) * 1000)) if held_back else 0
                async with aclosing(self._send(ask, step, waited_ms)) as events:
                    async for event in events:
                        yield event
                return

    async def _send(self, ask: Ask, grant: Grant, waited_ms: int) -> AsyncGenerator[ModelEvent]:
        outcome = _Outcome(waited_ms=waited_ms)
        # Not cut short by a stop: nobody could close a row that may or may not be there.
        row = ledger.row_of(ask=ask, model=self._model, agent=self._agent)
        opening = asyncio.ensure_future(self._open_call(row))
        sent_at: float | None = None
        try:
            await asyncio.shield(opening)
            sent_at = self._clock()
            async with aclosing(self._inner.stream(ask.request)) as events:
                async for event in events:
                    if outcome.first_byte_ms is None:
                        outcome.first_byte_ms = round((self._clock() - sent_at) * 1000)
                    if isinstance(event, CallFinished):
                        _note_end(outcome, event)
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
            # Shielded: a stopped turn must not leave its reservation open.
            closing = _close(
                opening, grant=grant, call_id=ask.request.call_id, outcome=replace(outcome), sent=sent_at is not None
            )
            await asyncio.shield(closing)


def _note_end(outcome: _Outcome, event: CallFinished) -> None:
    outcome.status = ModelCall.Status.COMPLETED
    outcome.error_code = ""
    outcome.usage = event.usage
    outcome.finish_reason = event.finish_reason
    outcome.request_id = event.request_id


async def _close(opening: asyncio.Future[None], *, grant: Grant, call_id: str, outcome: _Outcome, sent: bool) -> None:
    await asyncio.wait([opening])
    if sent:
        await grant.settle(outcome.usage)
    else:
        await grant.cancel()
    if opening.exception() is not None:
        return  # There is no row to close.
    await ledger.close_call(call_id=call_id, **vars(outcome))
