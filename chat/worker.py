"""Runs turns: claims queued ones and drives many at once, each as a task of its own.

Whoever queues a turn in this process may claim it along with that, for a place that `places` holds, and hands it to
`begin`: that saves the turn a round. `wake` is only a hint; the rows are the truth, and are looked at once a second
anyway. A turn whose lease has expired is another worker's loss: the reaper ends it.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Iterable
from contextlib import suppress

from agents.threads import in_thread
from chat import approvals, reaper, turns
from chat.asking import Desk
from chat.event_log import EventLog, publish
from chat.hub import Hub
from chat.models import Turn
from chat.places import Places
from chat.runner import TurnRun
from chat.turn_start import Start
from chat.turns import Claimed, Ending
from chat.wire_event import Feed

CAPACITY = 200  # turns at once in one process
POLL = 1.0  # seconds between looks at the rows
HEARTBEAT = turns.LEASE.total_seconds() / 3  # seconds between renewals, and between looks for lost turns

logger = logging.getLogger(__name__)

_claim = in_thread(turns.claim)
_renew = in_thread(turns.renew)
_requested = in_thread(turns.requested)
_expired = in_thread(turns.expired)
_active = in_thread(turns.active)
_reap = in_thread(reaper.reap)
_decided = in_thread(approvals.decided)


class Worker:
    """`run()` as a task; `stop()` before the loop ends. Everything on one event loop."""

    def __init__(
        self, *, log: EventLog, hub: Hub, capacity: int = CAPACITY, poll: float = POLL, heartbeat: float = HEARTBEAT
    ) -> None:
        self.owner = uuid.uuid4().hex
        self._log = log
        self._hub = hub
        self._poll = poll
        self._heartbeat = heartbeat
        self._woken = asyncio.Event()
        self._claiming = asyncio.Lock()
        self._runs: dict[uuid.UUID, TurnRun] = {}
        self.desk = Desk()
        self.places = Places(capacity=capacity, taken=self._busy)
        self._tasks: set[asyncio.Task[None]] = set()

    def _busy(self) -> int:
        """Turns that take a place: who waits for a person may wait for long, and keeps nobody else from beginning."""
        return max(0, len(self._runs) - self.desk.turns)

    def wake(self) -> None:
        """There may be a turn to claim."""
        self._woken.set()

    def stop_turn(self, turn_id: uuid.UUID) -> None:
        """Stop a turn that runs here, at once. Elsewhere its row says so."""
        if turn_id in self._runs:
            self._runs[turn_id].stop(Ending(status=Turn.Status.STOPPED))

    def shorten_turn(self, turn_id: uuid.UUID) -> None:
        """Have less sent in the call that a turn waits for, if it runs here. Elsewhere its row says so."""
        if turn_id in self._runs:
            self._runs[turn_id].shorten()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._claim_forever())
            group.create_task(self._watch_forever())
            group.create_task(self._reap_forever())

    async def stop(self) -> None:
        """End every turn that runs here as interrupted, with its text, and wait until that is written."""
        # What is being claimed just now starts to run, and is ended with the others.
        await self.places.close()
        async with self._claiming:
            pass
        for run in self._runs.values():
            run.stop(Ending(status=Turn.Status.INTERRUPTED, reason="worker_lost", error=reaper.LOST))
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def reap_all(self) -> None:
        """End every active turn: only for a process that knows itself to be the only one."""
        await self._reap_each(await _active())

    async def _claim_forever(self) -> None:
        while True:
            self._woken.clear()
            try:
                await self._claim_free()
            except Exception:
                logger.exception("could not claim turns; trying again")
            with suppress(TimeoutError):
                async with asyncio.timeout(self._poll):
                    await self._woken.wait()

    async def _claim_free(self) -> None:
        async with self._claiming:
            free = self.places.free()
            self.places.others_wait = True  # Until it is known, or a place could be given twice.
            taken = await _claim(owner=self.owner, capacity=free) if free else []
            self.places.others_wait = len(taken) == free
            for claimed in taken:
                self.begin(claimed)

    def begin(self, claimed: Claimed, *, start: Start | None = None) -> None:
        """Run a turn that was claimed in this worker's name. `start` is there if it is prepared already."""
        run = TurnRun(turn=claimed.turn, lease=claimed.lease, log=self._log, desk=self.desk, start=start)
        self._runs[claimed.turn.pk] = run
        task = run.start()
        self._tasks.add(task)
        task.add_done_callback(lambda task: self._ended(claimed.turn, task))
        self._feed("turn_started", claimed.turn)

    def _ended(self, turn: Turn, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        del self._runs[turn.pk]
        self._feed("turn_ended", turn)
        self.wake()

    def _feed(self, kind: str, turn: Turn) -> None:
        self._hub.publish(str(turn.conversation.owner_id), Feed(kind, str(turn.conversation_id)))

    async def _watch_forever(self) -> None:
        """Keep the leases, and hear what other processes asked of turns that run here."""
        ticks = 0
        while True:
            await asyncio.sleep(self._poll)
            if not self._runs:
                continue
            ticks += 1
            try:
                if ticks * self._poll >= self._heartbeat:
                    ticks = 0
                    async with self._log.writing:
                        await _renew(owner=self.owner, running=list(self._runs))
                asked = await _requested(owner=self.owner)
                for turn_id in asked.stop:
                    self.stop_turn(turn_id)
                for turn_id in asked.shorter:
                    self.shorten_turn(turn_id)
                if waiting := self.desk.waiting():
                    self.desk.tell(await _decided(waiting))
            except Exception:
                logger.exception("could not renew leases; trying again")

    async def _reap_forever(self) -> None:
        while True:
            await asyncio.sleep(self._heartbeat)
            try:
                # What runs here is not lost, even if the database was too busy to renew its lease.
                await self._reap_each(turn_id for turn_id in await _expired() if turn_id not in self._runs)
            except Exception:
                logger.exception("could not look for lost turns; trying again")

    async def _reap_each(self, lost: Iterable[uuid.UUID]) -> None:
        for turn_id in lost:
            try:
                publish(self._hub, await _reap(turn_id))
            except Exception:
                # One turn that cannot be ended must not keep the others from it.
                logger.exception("could not end the lost turn %s", turn_id)
