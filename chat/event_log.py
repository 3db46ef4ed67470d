"""The log of turns, written before it is sent: one flusher per process, one transaction for all turns' events.

A turn's first delta is written at once, later ones every 50 ms; any other event at once, together with all that is
pending. Consecutive deltas of one kind become one event. What is committed goes to the hub with its seq, so a person
never sees a character that a crash could take back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from django.db import OperationalError, transaction

from agents.threads import in_thread
from chat.hub import Hub
from chat.models import TurnEvent
from chat.turns import Lease, write_events
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

    async def append(self, lease: Lease, *events: Event, rows: Callable[[], object] | None = None) -> None:
        """Write `events` after everything appended before them; return when they are committed.

        Raises LeaseLost if fenced, LogClosed, or the fault of the database or of `rows`.

        `rows` writes what belongs to the events, in the same transaction and a thread; if it raises, neither is kept.
        It may run twice, if the database was busy. A cancelled caller is told so only after the commit: what was begun
        is written or not, but never unknown.
        """
        if self._closed:
            raise LogClosed
        pending = self._of(lease)
        pending.events.extend(events)
        if rows is not None:
            pending.rows.append(rows)
        committed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        pending.waiters.append(committed)
        self._dirty.set()
        self._urgent.set()
        await _to_its_end(committed)

    def append_delta(self, lease: Lease, kind: Literal["delta", "reasoning"], text: str) -> None:
        """Write a piece of text soon. A lost lease shows at the next `append`."""
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
            await self._flush(batch)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._window):
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
                _settle(pending.waiters, error)
            return
        for pending, outcome in zip(batch, written, strict=True):
            if isinstance(outcome, Exception):
                _settle(pending.waiters, outcome)
                continue
            publish(self._hub, outcome)
            _settle(pending.waiters, None)

    async def _commit(self, batch: list[_Pending]) -> list[_Outcome]:
        """Write the batch; a busy database is asked again, a few times."""
        for pause in RETRY_PAUSES:
            try:
                return await _write_in_thread(batch)
            except OperationalError as error:
                logger.warning("the database is busy (%s); trying again in %s s", error, pause)
                await asyncio.sleep(pause)
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


def _settle(waiters: list[asyncio.Future[None]], error: Exception | None) -> None:
    for waiter in waiters:
        if waiter.done():
            continue
        if error is None:
            waiter.set_result(None)
        else:
            waiter.set_exception(error)


def _write_all(batch: list[_Pending]) -> list[_Outcome]:
    before = [pending.lease.seq for pending in batch]
    try:
        with transaction.atomic():
            return [_write_one(pending) for pending in batch]
    except BaseException:
        for pending, seq in zip(batch, before, strict=True):
            pending.lease.seq = seq
        raise


def _write_one(pending: _Pending) -> _Outcome:
    """One turn's share of the batch, in a savepoint: its fault is not the others'."""
    seq = pending.lease.seq
    try:
        with transaction.atomic():
            written = write_events(pending.lease, pending.events)
            for write in pending.rows:
                write()
            return written
    except OperationalError:
        raise
    except Exception as error:
        pending.lease.seq = seq
        return error


_write_in_thread = in_thread(_write_all)


def replay(turn_id: UUID | str, *, conversation: str, after: int, limit: int = 500) -> list[WireEvent]:
    """The turn's events after seq `after`, oldest first, at most `limit`."""
    rows = TurnEvent.objects.filter(turn_id=turn_id, seq__gt=after).order_by("seq")[:limit]
    return [WireEvent.of(row, conversation=conversation) for row in rows]
