"""One call on its way into its pool: asked for, made to fit, waited for, granted."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from functools import partial

from agents.governor import learning, wording
from agents.governor.base import Ask, Told
from agents.governor.core import Claim, Closed, Granted, PoolCore, Refused, Verdict, Wait
from agents.governor.cost import CallSize, Price
from agents.governor.desk import Desk
from agents.governor.grant import PacedGrant
from agents.llm.errors import ContextImpossible
from agents.llm.events import CallGranted, CallRefitted, Waiting

BEAT = 2.0
"""Seconds between the questions of a waiter that nobody woke; a third of what the core takes for dead."""

TOLD_FROM = 0.5
"""Seconds of wait from which on anybody is told."""

_MOVED_SECONDS, _MOVED_SHARE = 2.0, 0.1
_SIZED_AT_ONCE = 10_000
"""Tokens of a request that is looked through without a thread: in a fraction of a millisecond."""

_INSIDE_TURNS = {"delegate"}
"""Purposes of calls that go on with what a turn has begun, though they begin with a task."""

_FILL = 0.9
"""Share of its bucket that a call is made to fit into: the rest is for what is counted too low."""


@dataclass(frozen=True, kw_only=True)
class _Decision:
    """`price` is that of the question; a grant may be of an earlier one."""

    verdict: Verdict
    price: Price
    now: float
    charges_cap: bool


class PacedCall:
    def __init__(self, ask: Ask, *, desk: Desk) -> None:
        self.ask = ask
        self._desk = desk
        self._request = ask.request
        self._cap: int | None = None
        self._is_charged = False
        self._size: CallSize | None = None
        self._told: Waiting | None = None
        self._tried_smaller = False
        self._shrunk = False
        self._granted = False

    async def admission(self) -> AsyncGenerator[Told | PacedGrant]:
        asked_at = self._desk.clock()
        while not isinstance((decision := await self._decide()).verdict, Granted):
            told = await self._held_back(decision, waited=self._desk.clock() - asked_at)
            if told is not None:
                yield told
            if isinstance(decision.verdict, Wait) and not isinstance(told, CallRefitted):
                await self._desk.store.woken(self.ask.lease, within=_pause(decision.verdict))
        grant = await self._grant(decision)
        if self._told is not None:
            yield CallGranted(waited_ms=round((self._desk.clock() - asked_at) * 1000))
        if grant.request.max_output_tokens < self.ask.request.max_output_tokens:
            yield CallRefitted(max_output_tokens=grant.request.max_output_tokens)
        self._granted = True  # Whoever has the grant ends it.
        yield grant

    async def _grant(self, decision: _Decision) -> PacedGrant:
        assert isinstance(decision.verdict, Granted)
        return PacedGrant(
            self.ask,
            desk=self._desk,
            request=replace(self._request, max_output_tokens=self._sent_cap),
            size=await self._sized(),
            cost=decision.verdict.cost,
            sent_at=decision.now,
            charges_cap=decision.charges_cap,
        )

    async def _held_back(self, decision: _Decision, *, waited: float) -> Told | None:
        """What to tell about a call that is not granted. Raises where it never will be, or not in time."""
        verdict = decision.verdict
        if isinstance(verdict, Closed):
            raise wording.closed(self.ask.pool, verdict)
        if isinstance(verdict, Refused):
            return await self._made_to_fit(verdict, decision)
        assert isinstance(verdict, Wait), verdict
        if (smaller := await self._smaller(decision)) is not None:
            return smaller
        self._check_patience(verdict, waited=waited)
        return self._news(verdict, waited=waited)

    async def leave(self) -> None:
        """Out of the queue, unless it was granted: then its grant ends it."""
        if not self._granted:
            leaving = self._desk.store.change(self.ask.pool, lambda core, now: core.cancel(now, lease=self.ask.lease))
            await asyncio.shield(leaving)

    async def _decide(self) -> _Decision:
        size = await self._sized()

        def decide(core: PoolCore, now: float) -> _Decision:
            learning.recover(core, now)
            self._lower_cap(core, size)
            price = size.price(core, now=now, cap=self._sent_cap)
            claim = Claim(
                user=self.ask.user,
                cost=price.cost,
                cached=price.cached,
                continuing=self._is_running,
                warm=price.is_warm,
                again=self.ask.tries > 0,
                shrunk=self._shrunk,
            )
            verdict = core.acquire(now, lease=self.ask.lease, claim=claim)
            needed = price.cost.get("tokens", 0.0)
            if isinstance(verdict, Granted) and needed < verdict.cost.get("tokens", 0.0):
                # It was granted while nobody knew that its cap is charged.
                verdict = core.lower(now, lease=self.ask.lease, dimension="tokens", needed=needed)
            charges = "tokens" in core.state.buckets
            return _Decision(verdict=verdict, price=price, now=now, charges_cap=charges)

        decision = await self._desk.store.change(self.ask.pool, decide)
        self._shrunk = False
        return decision

    def _lower_cap(self, core: PoolCore, size: CallSize) -> None:
        """Once, as soon as it is known that the pool charges it."""
        if not self._is_charged and "tokens" in core.state.buckets:
            self._is_charged, self._cap = True, size.affordable_cap(core)

    @property
    def _is_running(self) -> bool:
        """It goes on with what its turn has begun."""
        begins = self._request.messages[-1].role == "user" and self.ask.purpose not in _INSIDE_TURNS
        return self._request.goes_on or not begins

    @property
    def _sent_cap(self) -> int:
        return min(self._cap or self._request.max_output_tokens, self._request.max_output_tokens)

    async def _sized(self) -> CallSize:
        if self._size is None:
            sized = partial(CallSize.of, self._request, purpose=self.ask.purpose)
            is_small = self._request.counts.total <= _SIZED_AT_ONCE
            self._size = sized() if is_small else await asyncio.to_thread(sized)
        return self._size

    async def _made_to_fit(self, refused: Refused, decision: _Decision) -> CallRefitted | None:
        """First a smaller reply where the pool charges its cap, then a smaller context. ContextImpossible where even
        that is too much."""
        least = (await self._sized()).least_cap
        if decision.charges_cap and self._sent_cap > least:
            self._cap = least
            return None  # It is told with the grant.
        reply = self._sent_cap if decision.charges_cap else 0
        ratio = refused.needed / max(1, self._request.counts.total + reply)
        most = math.floor((_FILL * refused.capacity - reply) / max(1.0, ratio))
        if self._request.refit is None or most >= self._request.counts.total or most <= 0:
            raise wording.never_fits(self.ask.pool, refused)
        try:
            return await self._refit(most, cold=False)
        except ContextImpossible:
            raise wording.never_fits(self.ask.pool, refused) from None

    async def _smaller(self, decision: _Decision) -> CallRefitted | None:
        """A call that has to wait is made smaller once, if its prefix is not cached any more and so must be paid again
        anyway, or if somebody asked for it."""
        request = self._request
        cools = request.capabilities.cache == "marked" and not self.ask.pool.limits.counts_cached
        counts_tokens = isinstance(decision.verdict, Wait) and decision.verdict.dimension == "input"
        is_cold = cools and counts_tokens and not decision.price.is_warm and len(request.messages) > 1
        if self._tried_smaller or request.refit is None or not (is_cold or self.ask.wants_shorter()):
            return None
        self._tried_smaller = True
        try:
            refitted = await self._refit(request.counts.total, cold=True)
        except ContextImpossible:
            return None
        is_smaller = (self._request.messages, self._request.counts) != (request.messages, request.counts)
        return refitted if is_smaller else None

    async def _refit(self, max_input: int, *, cold: bool) -> CallRefitted:
        refit = self._request.refit
        assert refit is not None, "the caller has looked"
        smaller = await asyncio.to_thread(refit, max_input, cold)
        self._request = replace(self._request, messages=smaller.messages, counts=smaller.counts, refit=smaller.refit)
        self._size, self._shrunk = None, True
        return CallRefitted(
            max_output_tokens=self._sent_cap,
            messages=smaller.messages,
            tokens=smaller.counts.messages,
            refit=smaller.refit,
        )

    def _check_patience(self, wait: Wait, *, waited: float) -> None:
        """A call leaves when the pool's patience is over, or would be; that of a running turn has more."""
        patience = self.ask.pool.limits.patience
        is_running = self._is_running
        allowed = max(patience, wording.LONGEST_WAIT) if is_running else patience
        if max(waited, wait.seconds) >= allowed:
            raise wording.busy(self.ask, wait, waited=waited)

    def _news(self, wait: Wait, *, waited: float) -> Waiting | None:
        """What to tell of the wait; None where it is too short to speak of, or was told already."""
        if self._told is None and max(wait.seconds, waited) < TOLD_FROM:
            return None
        retry_at = self._desk.clock() + wait.seconds
        if self._told is not None:
            moved = abs(retry_at - self._told.retry_at)
            same_place = wait.position == self._told.position
            if moved <= max(_MOVED_SECONDS, _MOVED_SHARE * wait.seconds) and same_place:
                return None
        self._told = Waiting(
            reason=self.ask.reason,
            pool=self.ask.pool.name,
            retry_at=retry_at,
            used=round(wait.used),
            limit=round(wait.limit),
            position=wait.position,
        )
        return self._told


def _pause(wait: Wait) -> float:
    """Seconds until it is worth asking again: whoever waits for a call to end is woken."""
    return BEAT if wait.dimension is None else min(BEAT, max(0.01, wait.seconds))
