"""A running turn that asks its owner: the question is written to its log, and the turn waits until it is decided.

While it waits it holds nothing that others could use: no grant of the governor, no place at the worker (`Desk` counts
such turns), no thread. Its lease is renewed like any other's.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import Collection, Generator
from contextlib import contextmanager, suppress

from agents.llm.consent import ConsentRequest, Decision
from agents.llm.messages import ToolCall
from agents.prepared import insert
from agents.threads import in_thread
from chat import approvals
from chat.event_log import EventLog
from chat.lease import Lease
from chat.models import Approval

MOST_ASKED = 5
"""So many questions of one turn wait at once: nobody reads more with care."""

_expire = in_thread(approvals.expire)

_DECISIONS: dict[str, Decision] = {
    Approval.Status.APPROVED: "approved",
    Approval.Status.DENIED: "denied",
    Approval.Status.EXPIRED: "unanswered",
}


class Desk:
    """What one worker's turns wait for people with. On the worker's loop; `turns` can be read from any thread."""

    def __init__(self) -> None:
        self._answered: dict[uuid.UUID, asyncio.Event] = {}
        self._turns: Counter[uuid.UUID] = Counter()

    @property
    def turns(self) -> int:
        """How many turns wait for a person."""
        return len(self._turns)

    def waiting(self) -> list[uuid.UUID]:
        return list(self._answered)

    def tell(self, decided: Collection[uuid.UUID]) -> None:
        """These may have been decided: whoever waits for them looks."""
        for approval in decided:
            if approval in self._answered:
                self._answered[approval].set()

    @contextmanager
    def seat(self, approval: uuid.UUID, *, turn: uuid.UUID) -> Generator[asyncio.Event]:
        """The event is set when the approval may have been decided."""
        answered = self._answered[approval] = asyncio.Event()
        self._turns[turn] += 1
        try:
            yield answered
        finally:
            del self._answered[approval]
            self._turns[turn] -= 1
            if not self._turns[turn]:
                del self._turns[turn]


class Asking:
    """Asks for one turn. `n` is the iteration whose answer calls the tools."""

    def __init__(self, *, lease: Lease, log: EventLog, desk: Desk) -> None:
        self._lease, self._log, self._desk = lease, log, desk
        self.n = 0
        self.has_asked = False
        self._waiting = 0

    async def ask(self, call: ToolCall, request: ConsentRequest) -> Decision:
        """As `agents.llm.consent.Ask`. Raises what `EventLog.append` raises: then nothing may be done."""
        if self._waiting >= MOST_ASKED:
            return "too_many"
        self._waiting += 1
        try:
            return await self._ask(call, request)
        finally:
            self._waiting -= 1

    async def _ask(self, call: ToolCall, request: ConsentRequest) -> Decision:
        self.has_asked = True
        row = approvals.asked(turn_id=self._lease.turn_id, n=self.n, call=call, request=request)
        # Before it is written: whoever sees it can answer at once.
        with self._desk.seat(row.pk, turn=self._lease.turn_id) as answered:
            await self._log.append(self._lease, ("tool.approval", approvals.told(row)), rows=lambda: insert([row]))
            decided = await self._decided(row, answered)
        told = {"id": str(row.pk), "call": row.call, "by": str(decided.by_id) if decided.by_id else None}
        approved = decided.status == Approval.Status.APPROVED
        await self._log.append(self._lease, ("tool.decided", told | {"approved": approved}))
        return _DECISIONS[decided.status]

    @staticmethod
    async def _decided(row: Approval, answered: asyncio.Event) -> Approval:
        with suppress(TimeoutError):
            async with asyncio.timeout(approvals.patience().total_seconds()):
                await answered.wait()
        return await _expire(row.pk)
