"""A granted call: what the provider says of it reaches its pool, and in the end its reservation is settled."""

from __future__ import annotations

import asyncio
import logging

from agents.governor import learning, refusals
from agents.governor.base import Ask, Reserved, Retry
from agents.governor.core import PoolCore
from agents.governor.cost import CallSize, counted_input
from agents.governor.desk import Desk
from agents.governor.learning import Headers, Throttle
from agents.governor.limits import Cost
from agents.governor.store import Transition
from agents.llm.errors import LLMError
from agents.llm.events import CallAdmitted, Waiting, WaitReason
from agents.llm.messages import Usage
from agents.llm.providers.base import ModelRequest
from agents.llm.rates import Rates

logger = logging.getLogger(__name__)


class PacedGrant:
    """What is set aside for a call until it ends: `cost`, for one of `size`, granted at `sent_at` (store's seconds).
    `charges_cap`: its pool takes the whole reply cap."""

    def __init__(
        self,
        ask: Ask,
        *,
        desk: Desk,
        request: ModelRequest,
        size: CallSize,
        cost: Cost,
        sent_at: float,
        charges_cap: bool,
    ) -> None:
        self.request = request
        self._ask = ask
        self._desk = desk
        self._size = size
        self._cost = cost
        self._charges_cap = charges_cap
        self._sent_at = sent_at
        self._input: Usage | None = None
        self._notes: asyncio.Task[None] | None = None

    @property
    def reserved(self) -> Reserved:
        if self._charges_cap:
            cap = self.request.max_output_tokens
            return Reserved(input=max(0, round(self._cost.get("tokens", 0.0)) - cap), output=cap)
        return Reserved(input=round(self._cost.get("input", 0.0)), output=round(self._cost.get("output", 0.0)))

    def admitted(self, event: CallAdmitted) -> None:
        """Noted aside, so that no word of the answer waits for it."""
        self._input = event.usage or self._input
        earlier = self._notes
        self._notes = asyncio.create_task(self._note(earlier, rates=event.rates, usage=event.usage))

    async def _note(self, earlier: asyncio.Task[None] | None, *, rates: Rates | None, usage: Usage | None) -> None:
        if earlier is not None:
            await asyncio.wait([earlier])

        def note(core: PoolCore, now: float) -> None:
            counted: Cost = {} if usage is None else {"input": counted_input(core, usage)}
            headers = None if rates is None else Headers(limits=rates.limits, remaining=rates.remaining)
            learning.first_byte(core, now, lease=self._ask.lease, counted=counted, headers=headers)
            if usage is not None:
                self._size.note_admitted(core, usage, sent_at=self._sent_at, now=now)

        await self._change(note)

    async def settle(self, usage: Usage | None) -> None:
        await self._noted()

        def end(core: PoolCore, now: float) -> None:
            if usage is not None and usage.output_tokens:
                core.state.experience.note_output(self._size.kind, usage.output_tokens)
            if usage is not None and usage.input_tokens and self._input is None:
                self._size.note_admitted(core, usage, sent_at=self._sent_at, now=now)
            core.done(now, lease=self._ask.lease, counted=self._counted(core, usage))

        await self._change(end)

    def _counted(self, core: PoolCore, usage: Usage | None) -> Cost:
        """What is left out stays as it was reserved: a pool that charges the cap gives nothing back."""
        known = usage or self._input
        if known is None or not known.input_tokens:
            return {}
        told: Cost = {"input": counted_input(core, known)}
        return told if usage is None else {**told, "output": float(usage.output_tokens)}

    async def cancel(self) -> None:
        await self._change(lambda core, now: core.cancel(now, lease=self._ask.lease))

    async def failed(self, error: LLMError, *, begun: bool) -> Retry | None:
        await self._noted()
        judged = refusals.judge(error, begun=begun)
        tries = self._ask.tries + 1
        may_retry = tries <= refusals.MOST_RETRIES and not begun
        if judged.kind == "throttled" and may_retry:
            return await self._throttled(error, tries=tries)
        if judged.kind == "too_large" and may_retry and error.rates is not None and error.rates.too_large:
            await self._learn_limit(error.rates, too_large=error.rates.too_large)
            return Retry(pause=0.0, reason="provider_rate_limited", waiting=None)
        await self._give_up(error, judged)
        if judged.kind == "closed":
            await self._close_account(error)
        if judged.kind != "again_later" or not may_retry:
            return None
        return self._paused("provider_overloaded", error, tries=tries)

    async def _throttled(self, error: LLMError, *, tries: int) -> Retry | None:
        """In front of its queue until the pool has room; after a pause where nothing is known of the pool's limits."""
        # A provider that says "now" again and again is not taken at its word.
        least = 0.0 if tries == 1 else self._desk.pause(tries)

        def refused(core: PoolCore, now: float) -> bool:
            learning.throttled(core, now, lease=self._ask.lease, hit=_hit(error, least=least))
            if not core.state.buckets:
                core.cancel(now, lease=self._ask.lease)
            return bool(core.state.buckets)

        if await self._desk.store.change(self._ask.pool, refused):
            return Retry(pause=0.0, reason="provider_rate_limited", waiting=None)
        return self._paused("provider_rate_limited", error, tries=tries)

    def _paused(self, reason: WaitReason, error: LLMError, *, tries: int) -> Retry | None:
        """None where the provider asks for more patience than anybody has."""
        asked = error.retry_after
        pause = self._desk.pause(tries) if asked is None else refusals.pause_asked(asked, jitter=self._desk.jitter())
        if pause > self._ask.pool.limits.patience:
            return None
        until, pool = self._desk.clock() + pause, self._ask.pool.name
        waiting = Waiting(reason=reason, pool=pool, retry_at=until, used=0, limit=0, position=0)
        return Retry(pause=pause, reason=reason, waiting=waiting)

    async def _give_up(self, error: LLMError, judged: refusals.Judgement) -> None:
        def end(core: PoolCore, now: float) -> None:
            if judged.kind == "throttled" and not judged.counts:
                learning.throttled(core, now, lease=self._ask.lease, hit=_hit(error))
                core.cancel(now, lease=self._ask.lease)
            else:
                core.done(now, lease=self._ask.lease, counted=self._counted_of_failure(core, judged))

        await self._change(end)

    def _counted_of_failure(self, core: PoolCore, judged: refusals.Judgement) -> Cost:
        """What the provider said; else nothing, or what was reserved where it may have been counted all the same."""
        if self._input is not None:
            return {"input": counted_input(core, self._input)}
        return {} if judged.counts else {"input": 0.0, "output": 0.0}

    async def _learn_limit(self, rates: Rates, *, too_large: float) -> None:
        """The call is larger than the limit that its refusal names: it is made to fit that one from now on."""
        dimension = rates.refused or "tokens"
        told = Headers(limits={dimension: too_large}, remaining={})

        def learn(core: PoolCore, now: float) -> None:
            learning.first_byte(core, now, lease=self._ask.lease, counted={}, headers=told)
            core.cancel(now, lease=self._ask.lease)

        await self._change(learn)

    async def _close_account(self, error: LLMError) -> None:
        def close(core: PoolCore, now: float) -> None:
            core.close(now, reason=error.code, until=refusals.closed_until(now, asked=error.retry_after))

        pool = self._ask.pool
        for one in (pool, *(self._desk.siblings(pool) if error.scope == "account" else ())):
            await self._desk.store.change(one, close)

    async def _change(self, transition: Transition[None]) -> None:
        await self._desk.store.change(self._ask.pool, transition)

    async def _noted(self) -> None:
        """A note that could not be kept teaches nothing; the call ends all the same."""
        if self._notes is None:
            return
        await asyncio.wait([self._notes])
        if (error := self._notes.exception()) is not None:
            logger.error("what was said of a call of pool %s could not be kept", self._ask.pool.key, exc_info=error)


def _hit(error: LLMError, *, least: float = 0.0) -> Throttle:
    """`least`: seconds to wait at the least, whatever the provider says."""
    rates = error.rates or Rates()
    headers = Headers(limits=rates.limits, remaining=rates.remaining) if rates.limits else None
    asked = error.retry_after
    retry_after = max(asked, least) if asked is not None else (least or None)
    return Throttle(dimension=rates.refused, retry_after=retry_after, headers=headers)
