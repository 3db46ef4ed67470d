"""The log of turns, written before it is sent: one flusher per process, one transaction for all turns' events.

A turn's first delta is written at once, later ones every 50 ms; any other event at once, together with all that is
pending. Consecutive deltas of one kind become one event. What is committed goes to the hub with its seq, so a person
never sees a character that a crash could take back.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal
from uuid import UUID

from django.db import OperationalError, transaction
from django.db.models import F
from django.utils import timezone

from agents.prepared import insert
from agents.threads import in_thread
from chat.hub import Hub
from chat.lease import Lease, LeaseLost, write_step
from chat.models import Turn, TurnEvent
from chat.wire_event import WireEvent

WINDOW = 0.05  # seconds
RETRY_PAUSES = (0.1, 0.5, 1.0, 2.0, 4.0)  # seconds; SQLite itself waits 5 s for a lock each time

logger = logging.getLogger(__name__)

Event = tuple[str, dict[str, Any]]
_Outcome = list[WireEvent] | Exception


class LogClosed(Exception):
    """The log is written no more: this process stops, or its flusher broke."""


@dataclass
class _Pending:
    """What one turn has to write, and who waits for it."""

    lease: Lease
    events: list[Event] = field(default_factory=list)
    changes: dict[str, Any] = field(default_factory=dict)
    rows: list[Callable[[], object]] = field(default_factory=list)
    waiters: list[asyncio.Future[None]] = field(default_factory=list)


class EventLog:
    """Run `run()` as a task; `append` and `append_delta` from the same event loop."""

    def __init__(self, hub: Hub, *, window: float = WINDOW) -> None:
        self._hub = hub
        self._window = window
        self._pending: dict[Lease, _Pending] = {}
        self._started: set[Lease] = set()
        self._dirty = asyncio.Event()
        self._urgent = asyncio.Event()
        self._closed = False
        self.writing = asyncio.Lock()
        """Held while a batch is written. Whoever else changes many turns at once takes it, too: two such transactions
        would wait for each other's rows."""

    async def append(
        self,
        lease: Lease,
        *events: Event,
        changes: Mapping[str, Any] = MappingProxyType({}),
        rows: Callable[[], object] | None = None,
    ) -> None:
        """Write `events` after everything appended before them; return when they are committed.

        Raises LeaseLost if fenced, LogClosed, or the fault of the database or of `rows`.

        `changes` are the turn's own fields. `rows` writes what else belongs to the events, in the same transaction and
        a thread; if it raises, nothing is kept. It may run twice, if the database was busy. A cancelled caller is told
        so only after the commit: what was begun is written or not, but never unknown.
        """
        if self._closed:
            raise LogClosed
        self.note(lease, *events, changes=changes, rows=rows)
        committed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._of(lease).waiters.append(committed)
        self._dirty.set()
        self._urgent.set()
        await _to_its_end(committed)

    def note(
        self,
        lease: Lease,
        *events: Event,
        changes: Mapping[str, Any] = MappingProxyType({}),
        rows: Callable[[], object] | None = None,
    ) -> None:
        """Write `events` in one transaction with whatever of this turn is appended next; that must come at once."""
        pending = self._of(lease)
        pending.events.extend(events)
        pending.changes.update(changes)
        if rows is not None:
            pending.rows.append(rows)

    def append_delta(self, lease: Lease, kind: Literal["delta", "reasoning"], text: str) -> None:
        """Write a piece of text soon. If that fails, the lease is told that it is lost."""
        pending = self._of(lease)
        if pending.events and pending.events[-1][0] == kind:
            pending.events[-1][1]["text"] += text
        else:
            pending.events.append((kind, {"text": text}))
        self._dirty.set()
        if lease not in self._started:
            self._started.add(lease)
            self._urgent.set()

    def forget(self, lease: Lease) -> None:
        """The turn has ended: its next delta, if there ever is one, is nobody's first."""
        self._started.discard(lease)

    def _of(self, lease: Lease) -> _Pending:
        return self._pending.setdefault(lease, _Pending(lease))

    async def run(self) -> None:
        try:
            await self._flush_forever()
        finally:
            # Nobody may wait for a commit that never comes.
            self._closed = True
            for pending in self._pending.values():
                _settle(pending.waiters, LogClosed())

    async def _flush_forever(self) -> None:
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            self._urgent.clear()
            batch, self._pending = list(self._pending.values()), {}
            next_flush = asyncio.get_running_loop().time() + self._window
            await self._flush(batch)
            with suppress(TimeoutError):
                async with asyncio.timeout_at(next_flush):
                    await self._urgent.wait()

    async def _flush(self, batch: list[_Pending]) -> None:
        try:
            written = await self._commit(batch)
        except asyncio.CancelledError:
            for pending in batch:
                _settle(pending.waiters, LogClosed())
            raise
        except Exception as error:
            logger.exception("could not write the events of %d turns", len(batch))
            for pending in batch:
                # A gap would be worse than an end: nothing more is written to this turn.
                pending.lease.epoch = -1
                _fail(pending, error)
            return
        for pending, outcome in zip(batch, written, strict=True):
            if isinstance(outcome, Exception):
                _fail(pending, outcome)
                continue
            publish(self._hub, outcome)
            _settle(pending.waiters, None)

    async def _commit(self, batch: list[_Pending]) -> list[_Outcome]:
        """Write the batch; a busy database is asked again, a few times."""
        for pause in RETRY_PAUSES:
            try:
                return await self._write(batch)
            except OperationalError as error:
                logger.warning("the database is busy (%s); trying again in %s s", error, pause)
                await asyncio.sleep(pause)
        return await self._write(batch)

    async def _write(self, batch: list[_Pending]) -> list[_Outcome]:
        async with self.writing:
            return await _write_in_thread(batch)


async def _to_its_end(committed: asyncio.Future[None]) -> None:
    cancelled: asyncio.CancelledError | None = None
    while not committed.done():
        try:
            await asyncio.shield(committed)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        committed.exception()  # It was looked at, even though the stop is what counts.
        raise cancelled
    committed.result()


def publish(hub: Hub, events: Sequence[WireEvent]) -> None:
    """Hand committed events to whoever watches their conversation."""
    for event in events:
        hub.publish(event.fields["conversation"], event)


def _fail(pending: _Pending, error: Exception) -> None:
    """Tell whoever waits; where only deltas were lost nobody does, and the model must not speak on for nothing."""
    if pending.waiters:
        _settle(pending.waiters, error)
    else:
        pending.lease.on_lost()


def _settle(waiters: list[asyncio.Future[None]], error: Exception | None) -> None:
    for waiter in waiters:
        if waiter.done():
            continue
        if error is None:
            waiter.set_result(None)
        else:
            waiter.set_exception(error)


def _write_all(batch: list[_Pending]) -> list[_Outcome]:
    if len(batch) == 1:
        return [_write_one(batch[0])]
    before = [pending.lease.seq for pending in batch]
    try:
        with transaction.atomic():
            written = _write_together([pending for pending in batch if not (pending.changes or pending.rows)])
            return [written.get(pending.lease) or _write_one(pending) for pending in batch]
    except BaseException:
        for pending, seq in zip(batch, before, strict=True):
            pending.lease.seq = seq
        raise


def _write_together(batch: list[_Pending]) -> dict[Lease, list[WireEvent]]:
    """What many turns only add to their logs, in a few statements. Nothing if anything fails: one by one tells whose
    fault it is."""
    if len(batch) < 2:
        return {}
    rows = {pending.lease: _rows(pending) for pending in batch}
    try:
        with transaction.atomic():
            _count_on(batch)
            insert([row for many in rows.values() for row in many])
    except OperationalError:
        raise
    except Exception:
        return {}
    for lease, many in rows.items():
        lease.seq += len(many)
    return {lease: [_wire(row, lease) for row in many] for lease, many in rows.items()}


def _rows(pending: _Pending) -> list[TurnEvent]:
    now, lease = timezone.now(), pending.lease
    return [
        TurnEvent(turn_id=lease.turn_id, seq=lease.seq + n, type=kind, data=data, created_at=now)
        for n, (kind, data) in enumerate(pending.events, start=1)
    ]


def _wire(row: TurnEvent, lease: Lease) -> WireEvent:
    return WireEvent.of(row, conversation=str(lease.conversation_id))


def _count_on(batch: list[_Pending]) -> None:
    """One statement for all turns of one epoch that add as many events. LeaseLost if it misses one of them."""
    alike: defaultdict[tuple[int, int], list[UUID]] = defaultdict(list)
    for pending in batch:
        alike[pending.lease.epoch, len(pending.events)].append(pending.lease.turn_id)
    for (epoch, count), turns in alike.items():
        leased = Turn.objects.filter(pk__in=turns, epoch=epoch, status__in=Turn.ACTIVE)
        if leased.update(seq=F("seq") + count) < len(turns):
            raise LeaseLost


def _write_one(pending: _Pending) -> _Outcome:
    """One turn's share of the batch, in a savepoint if there are others: its fault is not theirs."""
    seq = pending.lease.seq
    try:
        with transaction.atomic():
            written = write_step(pending.lease, pending.events, **pending.changes)
            for write in pending.rows:
                write()
            return written
    except BaseException as error:
        pending.lease.seq = seq
        if isinstance(error, OperationalError) or not isinstance(error, Exception):
            raise
        return error


_write_in_thread = in_thread(_write_all)


def replay(turn_id: UUID | str, *, conversation: str, after: int, limit: int = 500) -> list[WireEvent]:
    """The turn's events after seq `after`, oldest first, at most `limit`."""
    rows = TurnEvent.objects.filter(turn_id=turn_id, seq__gt=after).order_by("seq")[:limit]
    return [WireEvent.of(row, conversation=conversation) for row in rows]
